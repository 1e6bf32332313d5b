import KizashiConfig
import KizashiCore
import KizashiStore

extension Session {
  /// Ends with wrong usage where a listing is asked for what nobody knows: an empty answer would look like good news.
  ///
  /// Known is what the config names and what rows name: a rule that is no more has its alerts.
  func check(_ name: String, is kind: StoredName, _ reader: StoreReader) throws(Failure) {
    // Without a file nobody has chosen what the built-in config says.
    var known = Self.names(kind) + (configPath == nil ? [] : Self.names(kind, configuration))
    if known.contains(name) { return }
    known += try asking { () throws(StoreError) in try reader.names(kind) }
    if known.contains(name) { return }
    // The numbers may come from another config than the file that was read, and none need be there.
    let stored = try asking { () throws(StoreError) in try reader.config() }
    if let text = stored?.text,
      let inForce = try? Configuration.parse(text: text, file: "the store's config", directory: "")
    {
      known += Self.names(kind, inForce)
    }
    if known.contains(name) { return }
    var seen: Set<String> = []
    known = known.filter { seen.insert($0).inserted }
    let nearest = NearestName.of(name, in: known).map { "did you mean \($0)? " } ?? ""
    throw Failure(
      .usage, "there is no \(kind.rawValue) “\(name)”, neither in the config nor in \(reader.path)",
      hint: known.isEmpty ? nil : "\(nearest)there are: \(known.joined(separator: ", "))")
  }

  /// Those that every config has.
  private static func names(_ kind: StoredName) -> [String] {
    switch kind {
    case .rule: [PipelineAlert.rule]
    case .band: ["unknown"]
    case .touch: TouchModel.names
    case .hook, .source, .phase: []
    }
  }

  private static func names(_ kind: StoredName, _ configuration: Configuration) -> [String] {
    switch kind {
    case .rule: configuration.model.rules.map(\.name)
    case .hook: configuration.hooks.map(\.name)
    case .band: configuration.model.bands.worstFirst
    case .source: configuration.sources.map(\.id)
    case .phase: configuration.model.phases.map(\.name)
    case .touch: []
    }
  }
}
