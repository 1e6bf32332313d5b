import CLinux
import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore

/// What an engine is made of: values, so that they can be gathered on the store's thread and used on the engine's.
struct EngineParts: Sendable {
  var model: Model
  var configVersion: Int
  var sources: [SourceModel]
  var restored: Restored
  var mode: RestoreMode
  var builder: CommitBuilder
  /// What another config leaves of the rules; nil: it is the same config.
  var rulesLeft: RulesLeft?

  /// A new engine, restored.
  func makeEngine() throws -> Engine {
    var generator = SystemRandomNumberGenerator()
    var engine = Engine(model: model, configVersion: configVersion, sources: sources, seed: generator.next())
    do {
      try engine.restore(restored, mode: mode)
      // Tables grew, and an engine that this one replaces is gone: half of what the process holds may be free.
      clinux_trim_memory()
    } catch let error as RestoreError {
      throw DaemonError(
        .badData,
        "cannot go on from what is stored: \(error) (the store is damaged or was written by another version; restore a backup, or replay the logs into a new store)"
      )
    }
    return engine
  }
}

/// The sources a store knows, and how far each of their streams has been read.
struct KnownSources: Sendable {
  /// By number.
  var names: [String]
  var positions: [StreamPosition]

  /// The number of a source.
  func number(of source: String) -> Int { names.firstIndex(of: source) ?? 0 }
}

/// A store made ready for a config: what an engine goes on from, and what its sources do.
struct OpenedStore: Sendable {
  var parts: EngineParts
  var sources: KnownSources

  /// Registers a config and reads what an engine under it goes on from.
  ///
  /// - Parameter extraSources: sources that are in no config: `replay`, `control`.
  static func prepare(
    _ store: Store, _ configuration: Configuration, extraSources: [String], suppression: Suppression?, now: Instant
  ) throws -> OpenedStore {
    let before = try store.currentConfig()
    let registered = try store.registeredVersion()
    _ = try store.registerSources(configuration.sources.map(\.id) + extraSources)
    let version = try store.register(
      ConfigRegistration(
        text: configuration.canonicalText, hash: configuration.fingerprint, model: configuration.model,
        windows: configuration.windows.map { UsageWindow(name: $0.text, hours: $0.hours) }, madeAt: now))
    var mode = RestoreMode.resume
    var rulesLeft: RulesLeft?
    if let before, before.version != version {
      mode = .rebase(
        unchanged: configuration.unchanged(since: before, forgot: ![before.version, version].contains(registered)))
      rulesLeft = RulesLeft(
        rules: configuration.model.rules.map(\.name), hooks: configuration.hooks.map(\.name), suppression: suppression)
    }
    let names = try store.sourceNames()
    let restored = try store.restore(
      factHorizonHours: mode.isResume ? configuration.model.factHorizonHours : nil,
      traits: configuration.model.readsTraits)
    let sources = Dictionary(configuration.sources.map { ($0.id, $0.model) }, uniquingKeysWith: { first, _ in first })
    let parts = EngineParts(
      model: configuration.model, configVersion: version,
      sources: names.map { sources[$0] ?? SourceModel(name: $0) },
      restored: restored, mode: mode,
      builder: CommitBuilder(
        configuration, configVersion: version, suppression: suppression, open: try store.openEpisodes()),
      rulesLeft: rulesLeft)
    return OpenedStore(
      parts: parts,
      sources: KnownSources(names: names, positions: try positions(store, names)))
  }

  /// How far each stream has been read. Without it nobody knows what of a file is counted: there is no going on from a guess.
  private static func positions(_ store: Store, _ names: [String]) throws -> [StreamPosition] {
    try store.streams().map { row in
      do {
        return try StoredPosition.position(row)
      } catch {
        let source = names.indices.contains(row.key.source) ? names[row.key.source] : "number \(row.key.source)"
        let path = row.path.map { " \(BytePath(bytes: $0))" } ?? ""
        throw StoreError.damaged(
          store.path, "how far\(path) of source \(source) has been read stands in `stream` and makes no sense")
      }
    }
  }
}

extension Configuration {
  /// What of it is unchanged since the config of the last commit.
  ///
  /// - Parameters:
  ///   - before: That one.
  ///   - forgot: Whether a third one was registered in between, whose first commit never came: what that registration forgot (since when
  ///     filters have been looked for, say) is not known any more.
  fileprivate func unchanged(since before: StoredConfig, forgot: Bool) -> UnchangedConfig {
    var unchanged = self.unchanged(since: before.text)
    if forgot { unchanged.scores = false }
    return unchanged
  }
}
