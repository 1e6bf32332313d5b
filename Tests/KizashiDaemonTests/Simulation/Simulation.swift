import Foundation

import KizashiConfig
import KizashiCore
import KizashiStore

@testable import KizashiClient
@testable import KizashiDaemon
@testable import KizashiIngest

/// Runs a world and a machine in one thread under a virtual clock, and breaks the machine in every way it can break: killed
/// at any step, power cut, store refusing for a while, reads that come short, hooks that fail, connections that drop. One
/// seed decides all of it, so that a failing seed fails again, step by step the same.
final class Simulation {
  struct Broken: Error, CustomStringConvertible {
    var description: String
  }

  let place: Workspace
  let configuration: KizashiConfig.Configuration
  var world: World
  var machine: Machine?
  /// The log of events as the machine applied it; the first `stored` of it are in the store.
  var applied: [AppliedChunk] = []
  var stored = 0
  /// Copies of the disk since it was last synced, each with how much of the log it holds.
  private var snapshots: [(name: String, stored: Int)] = []
  private var nextSnapshot = 0
  private let cutsPower: Bool
  /// As of ``CommitPolicy``.
  private let mostDeadlines: Int
  /// From here on nothing breaks any more.
  var isCalm = false
  /// How often each hook run was started.
  var ran: [String: Int] = [:]
  /// Runs that exited with 0.
  var succeeded: Set<String> = []
  /// What happened, for comparing two runs of one seed and for reading a failure.
  private(set) var trace: [String] = []
  var faults: [String: Int] = [:]

  init(seed: UInt64) throws {
    place = try Workspace()
    // Half of the worlds live through the night in which Berlin's clocks go forward.
    let beginning: Int64 = seed % 2 == 0 ? 1_771_545_600_000 : 1_774_656_000_000
    world = World(seed: seed, at: beginning + Int64(seed % 24) * 3_600_000)
    // Where no hook is owed, producers alone decide what must be synced.
    configuration = try Simulation.configure(
      place, alerting: world.chance(70), watched: (world.chance(60), world.chance(40)))
    cutsPower = world.chance(50)
    mostDeadlines = [1, 2, 5, .max].randomElement(using: &world.random) ?? 1
    try start()
    try snapshot(durable: true)
  }

  private static func configure(
    _ place: Workspace, alerting: Bool, watched: (log: Bool, sock: Bool)
  ) throws -> KizashiConfig.Configuration {
    let watch = ", stall_after: 40m, max_hold: 9h"
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      business: {timezone: Europe/Berlin}
      store: {path: \(place.store)}
      sources:
        - {id: log, kind: file, paths: [/log/*], remember_account: true\(watched.log ? watch : "")}
        - {id: sock, kind: unix, path: /log/sock\(watched.sock ? watch : "")}
      limits: {hook_max_age: 12h}
      windows: [24h, 7d]
      measures:
        recency: {metric: {days_since_last: {feature: any}}, grade: {points: [[0, 100], [2, 60], [5, 0]]}}
        volume: {metric: {count: {feature: any, window: 24h}}, grade: {points: [[0, 0], [6, 100]]}}
      scorecards:
        standard:
          min_coverage: 0.3
          dimensions: {usage: {weight: 100, measures: {recency: 50, volume: 50}}}
      \(alerting ? alerts : "")
      """)
    return try Configuration.load(path: place.config)
  }

  private static let alerts = """
    rules:
      busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 5, clear: 2, hooks: [one, two], renotify: 6h, flap: {start: 7, stop: 0}}
      quiet: {kind: silence, feature: any, after: 30h, hooks: [one, three], severity: critical, flap: {start: 12, stop: 5}}
      turned: {kind: band_change, to: [red, yellow], for: 2h, hooks: [two, three]}
      fell: {kind: drop, by: 15, within: 3d, hooks: [two], shadow: true}
    hooks:
      one: {run: [/bin/true], concurrency: 1, quiet_hours: {from: "22:00", to: "06:30", except: critical}}
      two: {run: [/bin/true], concurrency: 3, retries: 2, max_per_hour: 4}
      three: {run: [/bin/true], digest: {at: "08:00"}, quiet_hours: {from: "07:30", to: "08:30", days: [sat, sun]}}
    """

  func note(_ step: String) { trace.append("\(world.now) \(step)") }

  private func breaks(_ percent: Int) -> Bool { !isCalm && world.chance(percent) }

  private func fault(_ name: String) {
    faults[name, default: 0] += 1
    note("FAULT \(name)")
  }

  // MARK: Steps

  /// One step of whoever's turn it is.
  func step() throws {
    switch world.pick(0...99) {
    case 0..<10: world.write()
    case 10..<12:
      world.rotate()
      note("rotate")
    case 12..<24: world.offer(world.pick(0...1))
    case 24..<34: world.transmit(world.pick(0...1))
    case 34..<36:
      let index = world.pick(0...1)
      if world.producers[index].wire != nil { fault("disconnect") }
      world.disconnect(index)
    case 36..<60: try read()
    case 60..<74: try commit()
    case 74..<80: try hooks()
    case 80..<92: try pass(Int64(world.pick(1...90)) * (world.chance(20) ? 1_200_000 : 10_000))
    case 92..<95: try crash()
    case 95..<97: try quiet()
    case 97: supervise()
    case 98: stepClock()
    default: try tellProducers()
    }
  }

  /// Time goes by, and the clock driver looks.
  func pass(_ milliseconds: Int64) throws {
    world.now += milliseconds
    look()
    machine?.pipeline.tick(to: Instant(milliseconds: world.now - 2000))
    try commit()
  }

  /// Somebody sets the wall clock.
  private func stepClock() {
    fault("clock step")
    world.now += world.chance(50) ? 3_600_000 : -3_600_000
  }

  /// Nobody writes for a while, and everything is read: silence is what happens.
  private func quiet() throws {
    for _ in 0..<40 where machine != nil { try read() }
    for _ in 0..<world.pick(1...6) { try pass(Int64(world.pick(1...30)) * 1_200_000) }
  }

  /// Somebody retires a source, or sees that its file or socket is not there, or is.
  private func supervise() {
    guard let machine else { return }
    let source = machine.number(of: world.chance(70) ? "log" : "sock")
    let now = Instant(milliseconds: world.now)
    if world.chance(30) {
      machine.pipeline.retire(source, at: now)
      note("retire \(source)")
    } else {
      machine.pipeline.looked(source, isThere: world.chance(60), now: now)
    }
  }

  /// Sources say when their last look found nothing unread.
  private func look() {
    guard let machine else { return }
    if world.files.allSatisfy({ machine.isReadOut($0) }) { machine.pipeline.drained(machine.number(of: "log")) }
    if world.producers.allSatisfy({ $0.wire?.isEmpty ?? true }) {
      machine.pipeline.drained(machine.number(of: "sock"))
    }
  }

  private func take(_ chunk: AppliedChunk?) {
    guard let chunk else { return }
    applied.append(chunk)
    note("read \(chunk.source) \(chunk.bytes.count)")
  }

  func read() throws {
    guard let machine else { return try start() }
    // What a busy store has not taken holds the reading up.
    guard machine.writing == nil || world.chance(70) else { return try commit() }
    let budget = world.pick(1...600)
    let unread = world.files.filter { !machine.isReadOut($0) }
    if let file = unread.randomElement(using: &world.random) {
      take(machine.read(file, budget: budget, now: world.now))
    }
    for index in world.producers.indices where world.chance(60) { try serve(index, budget) }
    if world.chance(60) { try tellProducers() }
    look()
  }

  private func serve(_ index: Int, _ budget: Int) throws {
    guard let machine else { return }
    let name = world.producers[index].name
    if world.producers[index].wire == nil {
      guard let committed = machine.greet(name) else { return }
      world.producers[index].wire = []
      let greeting = world.producers[index].window.greeted(committed: committed)
      note("hello \(name) \(committed)")
      guard greeting == .resumed else { throw Broken(description: "\(name): \(greeting) at \(committed)") }
    }
    take(machine.read(name, &world.producers[index].wire!, budget: budget, now: world.now))
  }

  /// Receipts reach the socket's thread, and from there the producers that are still connected.
  func tellProducers() throws {
    guard let machine else { return }
    for receipt in machine.mailbox.receipts {
      machine.noteAcknowledged(receipt)
      guard let index = world.producers.firstIndex(where: { "sock/\($0.name)" == receipt.key }),
        world.producers[index].wire != nil
      else { continue }
      guard world.producers[index].window.acknowledge(receipt.lines) != nil else {
        throw Broken(description: "\(receipt.key): ack of \(receipt.lines), which was not sent")
      }
      note("ack \(receipt.key) \(receipt.lines)")
    }
    machine.mailbox.receipts = []
  }

  /// What the engine's owner does after each change: begins a commit when it is due; the store ends one.
  func commit() throws {
    guard let machine else { return }
    if let writing = machine.writing {
      if breaks(12) { return fault("store refuses") }
      try machine.store.write(writing.parcel.unit)
      machine.writing = nil
      stored = writing.applied
      note("stored \(stored) \(writing.parcel.unit.durable)")
      try snapshot(durable: writing.parcel.unit.durable)
      if breaks(4) { return try crash() }
      for (receipt, taker) in writing.parcel.receipts { taker.take(receipt) }
    }
    let decision = machine.pipeline.decide(now: Instant(milliseconds: world.now), storeIsFree: machine.writing == nil)
    guard case .commit = decision else { return }
    machine.writing = (try machine.pipeline.cut(now: Instant(milliseconds: world.now)), applied.count)
    if machine.pipeline.isBehind { note("behind") }
    if world.chance(70) { machine.pipeline.catchUp() }
  }

  // MARK: Faults

  func start() throws {
    machine = try Machine(
      path: place.store, configuration, now: world.now, mostDeadlines: mostDeadlines)
    note("start")
    // A hook is started only for what is synced: whatever was lost, a run that began is still known.
    let known = Set(try place.rows("SELECT delivery_id FROM delivery").map { $0[0] })
    if let id = ran.keys.filter({ !known.contains($0) }).min() {
      throw Broken(description: "\(id) was started, and the store does not know it")
    }
  }

  /// The daemon dies; or everything does, and the disk keeps only what was synced, and perhaps some of what was not.
  func crash() throws {
    guard machine != nil else { return }
    machine = nil
    for index in world.producers.indices { world.disconnect(index) }
    if cutsPower, world.chance(70), let kept = snapshots.randomElement(using: &world.random) {
      fault("power cut")
      for suffix in ["", "-wal"] {
        try? FileManager.default.removeItem(atPath: place.store + suffix)
        let copy = place.file(kept.name + suffix)
        if FileManager.default.fileExists(atPath: copy) {
          try FileManager.default.copyItem(atPath: copy, toPath: place.store + suffix)
        }
      }
      try? FileManager.default.removeItem(atPath: place.store + "-shm")
      stored = kept.stored
      // What came after it never happened.
      snapshots = [kept]
    } else {
      fault("kill")
    }
    applied.removeLast(applied.count - stored)
  }

  private func snapshot(durable: Bool) throws {
    guard cutsPower else { return }
    if durable {
      for old in snapshots {
        for suffix in ["", "-wal"] { try? FileManager.default.removeItem(atPath: place.file(old.name + suffix)) }
      }
      snapshots = []
    }
    nextSnapshot += 1
    let name = "copy-\(nextSnapshot)"
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: place.store + suffix) {
      try FileManager.default.copyItem(atPath: place.store + suffix, toPath: place.file(name + suffix))
    }
    snapshots.append((name, stored))
  }

  // MARK: Hooks

  func hooks() throws {
    guard let machine else { return }
    while let index = machine.runs.firstIndex(where: { $0.endsAt <= world.now }) {
      let run = machine.runs[index]
      if run.ending == .exited(0) { succeeded.formUnion(run.launch.deliveries.map(\.id)) }
      note("ended \(run.launch.deliveries.map(\.id)) \(run.ending)")
      machine.ended(index, now: world.now)
    }
    // A crash between the end of a process and the note of it.
    if !machine.unmarked.isEmpty && breaks(3) { return try crash() }
    try machine.mark()
    if world.chance(30), try machine.remind(configuration, now: world.now) { try snapshot(durable: true) }
    for launch in try machine.launches(now: world.now) {
      try checkOrder(launch, machine)
      for delivery in launch.deliveries { ran[delivery.id, default: 0] += 1 }
      let ending: HookEnding =
        switch world.pick(0...9) {
        case 0: .timedOut
        case 1: .exited(1)
        case 2: .signalled(9)
        default: .exited(0)
        }
      machine.runs.append((launch, world.now + Int64(world.pick(0...30_000)), ending))
      note("launch \(launch.deliveries.map(\.id))")
    }
  }

  /// No run overtakes an open one of its account and hook.
  private func checkOrder(_ launch: DeliveryScheduler.Launch, _ machine: Machine) throws {
    let hold = QuietTimes.byHook(configuration)[launch.hook]?.hold(at: Instant(milliseconds: world.now))
    // In quiet hours what is let through waits for nothing that is not.
    let held = hold.map { hold in
      "AND (SELECT severity FROM alert a WHERE a.alert_id = o.alert_id) IN (\(hold.letThrough.map { "'\($0)'" }.joined()))"
    }
    for (index, delivery) in launch.deliveries.enumerated() {
      // Those of one run are told in their order.
      let before = Set(launch.deliveries[..<index].map(\.id))
      if let hold, !hold.letThrough.contains(delivery.severity) {
        throw Broken(description: "\(delivery.id) began in quiet hours")
      }
      let older = try place.rows(
        """
        SELECT o.delivery_id FROM delivery d JOIN delivery o ON o.account = d.account AND o.hook = d.hook AND o.seq < d.seq
        WHERE d.delivery_id = '\(delivery.id)' AND o.state < 3 \(held ?? "")
        """
      ).filter { !before.contains($0[0]) }
      if !older.isEmpty { throw Broken(description: "\(delivery.id) began before \(older) was settled") }
    }
  }
}
