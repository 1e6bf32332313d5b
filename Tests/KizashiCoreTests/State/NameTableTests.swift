import TestSupport
import Testing

@testable import KizashiCore

/// Names against a dictionary: names short enough to stand in their entry, and those that lie in the arena.
@Suite struct `Names and their numbers` {
  private struct Key: Hashable {
    var owner: UInt32
    var name: [UInt8]
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `a name keeps its number, whatever its length and whoever's it is`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var table = NameTable(firstID: 1, owned: true, seed: seed)
    var model: [Key: UInt32] = [:]
    var names: [Key] = []
    var told: [Key] = []
    for step in 0..<4000 {
      // Few letters, so that many names differ in one byte alone; zero bytes, so that padding is no name.
      let length = [1, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 256].randomElement(using: &random) ?? 1
      var name = [UInt8](repeating: 97, count: length)
      name[Int.random(in: 0..<length, using: &random)] = UInt8.random(in: 0...3, using: &random)
      let key = Key(owner: UInt32.random(in: 0...3, using: &random), name: name)
      name.withUnsafeBytes { bytes in
        let (found, hash) = table.find(bytes, owner: key.owner)
        #expect(found == model[key], "step \(step), seed \(seed)")
        guard found == nil else { return }
        model[key] = table.insert(bytes, owner: key.owner, hash: hash)
        names.append(key)
      }
      if step % 500 == 0 { told += Self.keys(table.takeNew()) }
    }
    told += Self.keys(table.takeNew())
    #expect(told == names, "seed \(seed)")
    for (index, key) in names.enumerated() {
      #expect(model[key] == UInt32(index) + 1)
      #expect(table.name(UInt32(index) + 1) == String(decoding: key.name, as: UTF8.self))
    }
  }

  // Were the places of many names not spread over all of the table, each would be searched for among all others.
  @Test(.timeLimit(.minutes(1))) func `any number of names is found without a search through all of them`() {
    var table = NameTable(firstID: 0, owned: false, seed: 3)
    let count: UInt32 = 300_000
    for number in 0..<count {
      withUnsafeBytes(of: number) { bytes in
        let (found, hash) = table.find(bytes)
        #expect(found == nil)
        #expect(table.insert(bytes, hash: hash) == number)
      }
    }
    for number in 0..<count { #expect(withUnsafeBytes(of: number) { table.find($0).id } == number) }
  }

  private static func keys(_ block: NameBlock) -> [Key] {
    var start = 0
    return block.ends.enumerated().map { index, end in
      defer { start = Int(end) }
      return Key(owner: block.accounts[index], name: Array(block.bytes[start..<Int(end)]))
    }
  }
}
