import KizashiCore

extension Configuration {
  /// Where the config is unless `--config` names another.
  package static let standardPath = "/etc/kizashi/kizashi.yaml"
  /// More than this is no config.
  private static let mostBytes = 1 << 20

  /// Reads and checks a config file and the files it names.
  ///
  /// - Parameters:
  ///   - path: The file; relative paths inside it start at its directory.
  ///   - environment: The daemon's, for variables hooks ask for and for `TZDIR`.
  package static func load(
    path: String, environment: [String: String] = [:]
  ) throws(ConfigurationError) -> Configuration {
    let bytes: [UInt8]
    do {
      bytes = try FileContent.read(path, limit: mostBytes)
    } catch {
      throw .unreadable(path: path, why: error.why, hint: hint(error.code))
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .unreadable(path: path, why: "it is not UTF-8 text", hint: "save it as UTF-8")
    }
    // All defaults would be in force: every rule gone because a disk was full while somebody saved.
    guard text.split(whereSeparator: \.isNewline).contains(where: isContent) else {
      throw .unreadable(
        path: path, why: "nothing is in it",
        hint: "put back what was in it, or write version: 1 where all defaults are wanted")
    }
    return try parse(text: text, file: path, directory: directoryOf(path), environment: environment)
  }

  /// Whether a line says anything: it is no blank, no comment, no document mark and no byte order mark.
  private static func isContent(_ line: Substring) -> Bool {
    let text = line.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    return !text.isEmpty && !text.hasPrefix("#") && !["---", "..."].contains(text)
  }

  private static func hint(_ code: Int32) -> String {
    switch code {
    case 2: "name the config with --config, or begin with config/minimal.yaml of the distribution"
    case 13: "let the user that kizashi runs as read it"
    case 21: "name the file in it"
    default: "check the file and its disk"
    }
  }

  /// Reads and checks a config's text.
  ///
  /// - Parameters:
  ///   - file: How problems name the file.
  ///   - directory: Where relative paths start; empty leaves them as they are.
  ///   - environment: The daemon's, for variables hooks ask for and for `TZDIR`.
  package static func parse(
    text: String, file: String, directory: String, environment: [String: String] = [:]
  ) throws(ConfigurationError) -> Configuration {
    let report = Report(file: file)
    let root: ConfigNode
    do { root = try YAMLReader.read(text) } catch { throw .problems([error.problem(in: file)]) }
    let reading = Reading(report: report, directory: directory, environment: environment)
    let configuration = reading.configuration(Cursor(node: root, path: "", report: report))
    let problems = report.problems.inReadingOrder(file)
    guard problems.isEmpty, let configuration else { throw .problems(problems) }
    return configuration
  }
}

extension [Problem] {
  /// By line and column; those of other files (holidays) last.
  func inReadingOrder(_ file: String) -> [Problem] {
    enumerated().sorted { a, b in
      let left = (a.element.file == file ? 0 : 1, a.element.line, a.element.column, a.offset)
      return left < (b.element.file == file ? 0 : 1, b.element.line, b.element.column, b.offset)
    }.map(\.element)
  }
}

extension Reading {
  /// The whole document. Parts that others refer to come first.
  fileprivate func configuration(_ cursor: Cursor) -> Configuration? {
    guard let section = cursor.section(.root, "a mapping of keys such as sources:") else { return nil }
    if let version = section["version"], case .scalar(let text) = version.node.value, text != "1" {
      version.fail("this version of kizashi reads config version 1, found \(quoted(text))", hint: "write version: 1")
    } else {
      _ = section["version"]?.integer("1", in: 1...1)
    }
    let calendar = self.business(section["business"])
    let store = self.store(section["store"])
    let windows = self.windows(section["windows"])
    readFeatures(section["features"])
    let milestones = self.milestones(section["milestones"])
    let configured = self.measures(section["measures"])
    let bands = self.bands(section["bands"])
    bandNames = bands.bands.map(\.name)
    // The built-in scorecard's measures count as measures only where there is no other.
    let allNames = section["scorecards"].map(\.isNull) ?? true
    let measures = allNames ? withBuiltIn(configured) : configured
    let segments = self.segments(section["segments"])
    let touch = self.touch(section["touch"])
    let phases = self.phases(section["phases"])
    let scorecards = self.scorecards(section["scorecards"])
    let hooks = self.hooks(section["hooks"])
    let rules = self.rules(section["rules"], bands: bands)
    let sources = self.sources(section["sources"], rules: rules)
    if sources.isEmpty {
      (section["sources"] ?? cursor).warn("there are no sources: only replay will read anything", hint: "add sources:")
    }
    var (limits, daemonLimits) = self.limits(section["limits"])
    limits.retentionMilliseconds = store.retentionMilliseconds
    checkRetention(store.retentionMilliseconds, place: store.retentionPlace)
    let logLevel = self.logLevel(section["log"])
    guard report.problems.isEmpty else { return nil }
    let model = Model(
      calendar: calendar, windowsHours: windows.map(\.hours), features: features, autoFeatures: autoFeatures,
      measures: measures, scorecards: scorecards, bands: bands, segments: segments, touch: touch, phases: phases,
      milestones: milestones, rules: rules, limits: limits)
    var result = Configuration(
      model: model, sources: sources, hooks: hooks, ruleDeliveries: ruleDeliveries, storePath: store.path,
      daemonLimits: daemonLimits,
      logLevel: logLevel, windows: windows, canonicalText: "", fingerprint: "",
      warnings: [])
    Lints(result, root: cursor).warn()
    result.warnings = report.warnings.inReadingOrder(report.file)
    result.canonicalText = CanonicalForm.text(of: result, withOffsets: true)
    result.fingerprint = CanonicalForm.fingerprint(of: result)
    return result
  }
}
