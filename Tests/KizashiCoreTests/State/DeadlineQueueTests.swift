import TestSupport
import Testing

@testable import KizashiCore

/// The wheel of hours against a list that is searched from end to end.
@Suite struct `The queue of deadlines` {
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `accounts fire in the order of instant and number, however their deadlines moved before`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var queue = DeadlineQueue()
    var due = [Int64](repeating: .max, count: 40)
    for _ in due { queue.addAccount() }
    var reached: Set<[Int]> = []
    var now: Int64 = Int64.random(in: -5...500_000, using: &random) * Tile.length
    // On the hour and between; within the open hour, within the wheel, and far beyond what it spans.
    func later(_ random: inout SeededGenerator) -> Int64 {
      let hours = [0, 1, 2, 24, 672, 4095, 4096, 4097, 20_000].randomElement(using: &random) ?? 0
      let hour = (floorDivide(now, Tile.length) + Int64(hours)) * Tile.length
      let instant = hour + (Bool.random(using: &random) ? 0 : Int64.random(in: 0..<Tile.length, using: &random))
      return max(now + 1, instant)
    }
    for step in 0..<3000 {
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let account = Int.random(in: due.indices, using: &random)
        due[account] = Int.random(in: 0..<10, using: &random) == 0 ? .max : later(&random)
        queue.set(AccountID(account), due[account])
      }
      let limit = Int.random(in: 0..<40, using: &random) == 0 ? later(&random) : now + Tile.length / 3
      while true {
        let expected = due.indices.filter { due[$0] <= limit }.min { (due[$0], $0) < (due[$1], $1) }
        let next = queue.next(upTo: limit)
        #expect(next.map(Int.init) == expected, "step \(step), seed \(seed)")
        guard let account = next, expected == Int(account) else { break }
        #expect(queue.deadline(of: account) == due[Int(account)])
        // What is looked up ahead: each place of an hour once, and no account that is not there.
        for place in queue.takeReached() {
          #expect(reached.insert([Int(queue.openHour), place]).inserted, "step \(step), seed \(seed)")
          #expect(queue.upcoming(place) != nil)
        }
        now = max(now, due[Int(account)])
        due[Int(account)] = Bool.random(using: &random) ? .max : later(&random)
        queue.set(account, due[Int(account)])
      }
      now = max(now, limit)
    }
  }

  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func `an hour of very many fires in the same order, with deadlines long past and those of the hour`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var queue = DeadlineQueue()
    let hour = Int64.random(in: -5...500_000, using: &random) * Tile.length
    var due: [Int64] = []
    // The first opens the wheel an hour before, so that the others wait in one bucket.
    for account in 0..<2000 {
      queue.addAccount()
      due.append(
        hour + [0, 0, Int64.random(in: 0..<Tile.length, using: &random)][Int.random(in: 0...2, using: &random)])
      queue.set(AccountID(account), due[account])
    }
    // Moved while they wait: what has long been due is put right when the bucket is opened.
    let isFar = Bool.random(using: &random)
    for account in stride(from: 1, to: 2000, by: 97) where isFar {
      due[account] = hour - (account % 2 == 0 ? 1 : 1 << 40)
      queue.set(AccountID(account), due[account])
    }
    let expected = due.indices.sorted { (due[$0], $0) < (due[$1], $1) }
    var fired: [Int] = []
    while let account = queue.next(upTo: hour + Tile.length) {
      fired.append(Int(account))
      queue.set(account, .max)
    }
    #expect(fired == expected, "seed \(seed)")
  }
}
