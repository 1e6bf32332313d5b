import Foundation
import Testing

@testable import KizashiIngest

/// Random actions on real files, and what the real source makes of them, against ``FileWorld``.
///
/// `KIZASHI_SEED` repeats one list, `KIZASHI_SEEDS` is how many are tried, `KIZASHI_ACTIONS` how long each is. With
/// `KIZASHI_SOAK=1` many are.
@Suite struct `The file source against a model` {
  private static let environment = ProcessInfo.processInfo.environment
  static let seeds: [UInt64] =
    environment["KIZASHI_SEED"].flatMap(UInt64.init).map { [$0] }
    ?? Array(1...(environment["KIZASHI_SEEDS"].flatMap(UInt64.init) ?? (ThisProcess.soaks ? 3_000 : 60)))
  static let length = environment["KIZASHI_ACTIONS"].flatMap(Int.init) ?? 60

  /// Several seeds a test: each takes milliseconds.
  static let groups = stride(from: 0, to: seeds.count, by: 20).map { Array(seeds[$0..<min($0 + 20, seeds.count)]) }

  @Test(arguments: groups)
  func `every complete line exactly once, whatever is done to the files`(seeds: [UInt64]) async throws {
    for seed in seeds {
      let (setup, actions) = FileAction.list(seed: seed, count: Self.length)
      guard let failure = try await FileReplay.run(setup, actions) else { continue }
      Issue.record(Comment(rawValue: try await Self.shrunk(setup, actions, failure, seed)))
    }
  }

  /// What the source meets within a step. A list that fails is not cut down: it need not fail again.
  @Test(.timeLimit(.minutes(10)), arguments: groups)
  func `every complete line exactly once, while it runs by itself`(seeds: [UInt64]) async throws {
    for seed in seeds.prefix(ThisProcess.soaks ? 20 : 2) {
      var (setup, actions) = FileAction.list(seed: seed, count: Self.length)
      setup.departedQuietPasses = 1_000
      let failure = try await FileReplay.run(setup, actions, races: true)
      #expect(failure == nil, "SEED \(seed) \(setup): \(failure?.log.joined(separator: "\n") ?? "")")
    }
  }

  private static func shrunk(
    _ setup: FileSetup, _ actions: [FileAction], _ failure: FileReplay.Failure, _ seed: UInt64
  ) async throws -> String {
    let least = try await shrink(Array(actions.prefix(failure.after)), simpler: \.simpler) {
      try await FileReplay.run(setup, $0)?.kind == failure.kind
    }
    let last = try await FileReplay.run(setup, least)
    return """
      SEED \(seed) of \(actions.count) actions: \(failure)
      \(least.count) of them are enough: \(last?.what ?? "not every time"), with \(setup):
      \(least)
      \((last ?? failure).log.joined(separator: "\n"))
      """
  }
}

/// The model can tell: a store that forgets is found out, and what shows it is cut down to a few actions.
@Suite struct `The file model` {
  @Test(arguments: [FileSabotage.offsets, .tails])
  func `finds out a store that lies, and cuts down what shows it`(sabotage: FileSabotage) async throws {
    var found: (setup: FileSetup, actions: [FileAction], kind: String)?
    for seed in UInt64(1)...50 where found == nil {
      let (setup, actions) = FileAction.list(seed: seed, count: 60)
      if let failure = try await FileReplay.run(setup, actions, sabotage: sabotage) {
        found = (setup, Array(actions.prefix(failure.after)), failure.kind)
      }
    }
    let (setup, actions, kind) = try #require(found)
    let least = try await shrink(actions, limit: 400) {
      try await FileReplay.run(setup, $0, sabotage: sabotage)?.kind == kind
    }
    #expect((1...8).contains(least.count), "\(least)")
    #expect(try await FileReplay.run(setup, least) == nil, "without the lie nothing is wrong")
  }
}
