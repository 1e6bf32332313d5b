import Foundation
import Testing

@testable import KizashiIngest

extension FileSource {
  /// What some steps came to.
  struct Progress: Sendable {
    var outputs: [Output] = []
    var isDrained = false
  }

  /// Takes at most `limit` steps at an instant; stops where nothing is left to do.
  func advance(_ limit: Int, now: Int64) -> Progress {
    var progress = Progress()
    for _ in 0..<limit {
      switch step(now: now) {
      case .outputs(let outputs): progress.outputs += outputs
      case .busy: break
      case .drained:
        progress.isDrained = true
        return progress
      }
    }
    return progress
  }

  /// Whether it has the file open.
  func holds(_ file: InodeKey) -> Bool { open[file] != nil }
}

/// Replays a list of actions on a real directory and the real source, step by step on one thread: what happens between which
/// two steps is part of the list, so that a list fails again as it failed.
struct FileReplay {
  /// What is wrong, and after how many actions it showed.
  struct Failure: CustomStringConvertible {
    var what: String
    /// Its first words: by them a smaller list is known to fail in the same way.
    var kind: String { what.split(separator: " ").filter { Int($0) == nil }.prefix(2).joined(separator: " ") }
    var after: Int
    var log: [String]
    var description: String { "\(what), after action \(after)" }
  }

  private static let interval: Int64 = 5_000
  /// More steps than anything here takes.
  private static let stepLimit = 10_000

  private var world: FileWorld
  private let setup: FileSetup
  private var ledger = FileLedger()
  private var committed = FileLedger()
  private var source: FileSource?
  /// Where the source runs by itself beside the actions, instead of being led.
  private var running: (task: Task<Void, any Error>, sink: OutputSink)?
  private let races: Bool
  private var now: Int64 = 0
  private let glances: Bool
  /// Lines in files that only the running source still holds.
  private var promised: Set<Int> = []
  private var log: [String] = []

  private init(_ setup: FileSetup, _ sabotage: FileSabotage?, races: Bool) throws {
    self.races = races
    self.setup = setup
    world = try FileWorld(header: setup.header)
    glances = setup.glances && world.hasFineTimes()
    ledger.sabotage = sabotage
    committed = ledger
  }

  /// Nil: every line came once that had to come, and none twice. With `races` the source runs on its own thread while the
  /// actions are done, and a list that fails need not fail again.
  static func run(
    _ setup: FileSetup, _ actions: [FileAction], sabotage: FileSabotage? = nil, races: Bool = false
  ) async throws -> Failure? {
    var replay = try FileReplay(setup, sabotage, races: races)
    defer { replay.world.close() }
    for (index, action) in (actions + [.start, .settle]).enumerated() {
      replay.log.append("— \(action)")
      let wrong = try await replay.perform(action) ?? replay.ledger.fault
      if let wrong {
        try await replay.halt()
        return Failure(what: wrong, after: index + 1, log: replay.log)
      }
    }
    try await replay.halt()
    return nil
  }

  private mutating func perform(_ action: FileAction) async throws -> String? {
    switch action {
    case .start: try await start()
    case .stop, .kill:
      // It may be stopped between two things that it has to hand over at once.
      if let source, running == nil {
        let outputs = await source.advance(1, now: now).outputs
        take(Array(outputs.prefix(outputs.count / 2)))
      }
      try await halt()
      if action == .kill { ledger = committed } else { committed = ledger }
    case .commit: committed = ledger
    case .steps(let count): _ = await advance(count)
    case .pass: now += Self.interval
    case .settle: return await settle()
    case .copy(let name) where !isKnown(name, to: committed): break
    // With more in it than in its removed original, which is still open, it is like no file that is there.
    case .appendMember(let name, _) where source != nil && world.file(name)?.isSettled == false: break
    default:
      await promise(what: action)
      world.perform(action)
      // What is written behind a copy before the copy was looked at can be read only in a moment too short to be led into.
      if case .copy = action, let running { await running.sink.waitForLooks(2) }
      if case .oldWriter = action, let old = world.oldFile, await isHeld(old) { promised.formUnion(old.lines) }
    }
    return nil
  }

  /// Whether any line of the file has come.
  private func isKnown(_ name: String, to ledger: FileLedger) -> Bool {
    world.file(name)?.lines.contains { ledger.wholes[$0] != nil } ?? false
  }

  private mutating func start() async throws {
    guard source == nil else { return }
    var options = FileSourceOptions()
    options.reconcileMilliseconds = races ? 50 : Self.interval
    options.readBudgetBytes = setup.readBudgetBytes
    options.maxOpenFiles = setup.maxOpenFiles
    options.departedQuietPasses = setup.departedQuietPasses
    options.usesInotify = setup.watches
    if !glances { options.directoryRestMilliseconds = .max }
    let made = try FileSource(
      id: "app", paths: [world.scratch["*.ndjson"]], rotated: [world.scratch["*.ndjson.*"]],
      positions: ledger.stored, options: options)
    source = made
    guard races else { return await made.begin() }
    let sink = OutputSink()
    running = (Task { try await made.run(sink: sink) }, sink)
  }

  private mutating func halt() async throws {
    if let (task, sink) = running {
      task.cancel()
      try await task.value
      take(await sink.take())
      running = nil
    } else {
      await source?.end()
    }
    source = nil
    promised = []
  }

  private mutating func advance(_ limit: Int) async -> Bool {
    guard let source else { return true }
    if let running {
      if limit == Self.stepLimit { await running.sink.waitForLooks(2) }
      take(await running.sink.take())
      return true
    }
    let progress = await source.advance(limit, now: now)
    take(progress.outputs)
    return progress.isDrained
  }

  private mutating func take(_ outputs: [FileSource.Output]) {
    for output in outputs {
      switch output {
      case .chunk(let chunk):
        log.append(
          "\(chunk.position.key): \(chunk.startOffset) … \(chunk.position.offset) \(chunk.position.ending as Any)")
        ledger.accept(chunk, world)
      case .event(let event): log.append("\(event)")
      }
    }
  }

  private func isHeld(_ file: FileWorld.File) async -> Bool {
    // One that runs, or that the kernel tells nothing, may close it before it learns what happens to it.
    races || !setup.watches ? false : await source?.holds(file.key) ?? false
  }

  /// What is about to be taken away must come all the same if the source has it open.
  private mutating func promise(what action: FileAction) async {
    let name: String
    switch action {
    case .delete(let taken), .moveOut(let taken, _): name = taken
    case .swapLink: name = "link.ndjson"
    case .truncate(let taken), .refill(let taken):
      promised.subtract(world.file(taken)?.lines ?? [])
      return
    default: return
    }
    if let file = world.file(name), await isHeld(file) { promised.formUnion(file.lines) }
  }

  /// Lets the source come to rest, and says what is missing then.
  private mutating func settle() async -> String? {
    guard source != nil else { return nil }
    var expected = promised
    for file in world.everything where file.name != nil {
      if world.isFollowed(file) || (world.isNear(file) && isRemembered(file)) { expected.formUnion(file.lines) }
    }
    // Files that went are let go in the second pass, what was held for them is read in the third.
    for _ in 0..<5 {
      if await !advance(Self.stepLimit) { return "it does not come to rest" }
      now += Self.interval
    }
    if await !advance(Self.stepLimit) { return "it does not come to rest" }
    // What had to come once has come; that it does not come again is checked as it arrives.
    promised = []
    for file in world.everything { file.isSettled = true }
    if let missing = expected.filter({ ledger.wholes[$0] == nil }).min() {
      let holders = world.everything.filter { $0.lines.contains(missing) }.map { $0.name ?? "(removed)" }
      return "line \(missing) is missing; it is in \(holders.joined(separator: ", "))"
    }
    for file in world.everything where !file.isCompressed && world.isFollowed(file) {
      if let line = file.begun, ledger.fragments[line] != nil { return "line \(line) came before its end" }
    }
    return nil
  }

  private func isRemembered(_ file: FileWorld.File) -> Bool {
    guard setup.departedQuietPasses > 100, let name = file.name,
      let facts = try? FileFacts.at(BytePath(world.scratch[name])).get()
    else { return false }
    return ledger.remembers(facts)
  }
}
