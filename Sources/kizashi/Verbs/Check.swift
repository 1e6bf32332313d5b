import ArgumentParser
import KizashiConfig

/// `kizashi check`
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Validate the config; all problems at once.",
    discussion: """
      Exit code 0 where it can be used, 78 where not. What is right but doubtful (a rule that can never fire, a hook that \
      nothing runs, a weight that cannot matter) is a warning; with --strict a warning is 78 too. Nothing running is touched; `kizashi reload` puts it into force.

      Examples:
        kizashi check
        kizashi check --config ./kizashi.yaml --explain    print it with every default written out
        kizashi check --strict                             for a pipeline: warnings fail it
      """)

  @OptionGroup var store: StoreOptions

  @Flag(help: "Print the config with every default written out.")
  var explain = false

  @Flag(help: "Warnings make it fail, with 78.")
  var strict = false

  func run() throws {
    let session = try Session(store, needsFile: true)
    let configuration = session.configuration
    for warning in configuration.warnings {
      Output.writeError("kizashi: warning: \(Visible.text(warning.description))\n")
    }
    if strict && !configuration.warnings.isEmpty {
      throw Failure(
        .badConfig,
        "\(session.configPath ?? "") has \(Wording.counted(Int64(configuration.warnings.count), "warning")), and --strict allows none"
      )
    }
    if explain { return try Output.write(configuration.explained()) }
    let model = configuration.model
    let parts = [
      Wording.counted(Int64(configuration.sources.count), "source"),
      Wording.counted(Int64(model.measures.count), "measure"), Wording.counted(Int64(model.rules.count), "rule"),
      Wording.counted(Int64(configuration.hooks.count), "hook"),
    ]
    try Output.write("\(Visible.text(session.configPath ?? "")) is good: \(parts.joined(separator: ", ")).\n")
  }
}
