import Foundation
import TestSupport
import Testing

@testable import KizashiIngest

/// What may come on a socket or stand in a file's identity, spoiled in every way. `KIZASHI_FUZZ` says which seeds (`FIRST-LAST`, or one).
@Suite struct `Any bytes` {
  static let seeds = TestSupport.seeds(ProcessInfo.processInfo.environment["KIZASHI_FUZZ"], otherwise: 1...15)

  private static let mutation = Mutation(words: [
    #""$hello""#, "1", "2", "1e0", "1.5", "99999999999999999999", #""producer":"#, #""ack":true"#, #""ack":null"#, "{",
    "}", "[", "\"", #"\n"#,
    #"\u0000"#, #"\ud800"#, "true", String(repeating: "n", count: 300),
  ])

  @Test(arguments: seeds)
  func `of a hello are a name that can be kept, or a reason, or an event line`(seed: UInt64) throws {
    var chance = SeededGenerator(seed: seed)
    let hello = Array(#"{"$hello":1,"producer":"web-1","ack":true}"#.utf8)
    for _ in 0..<400 {
      let line = Self.mutation(hello, &chance)
      switch SocketHello(line) {
      case .acknowledge(let producer):
        #expect((1...SocketHello.nameLimit).contains(producer.utf8.count), "seed \(seed)")
        #expect(producer.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }, "seed \(seed)")
        #expect((try? JSONSerialization.jsonObject(with: Data(line))) is [String: Any], "seed \(seed)")
      case .refused(let reason):
        // The answer must be a line of JSON, whatever was asked.
        let answer = SocketReply.error(reason).bytes
        #expect(answer.last == 0x0a && answer.dropLast().allSatisfy { $0 != 0x0a }, "seed \(seed)")
        #expect((try? JSONSerialization.jsonObject(with: Data(answer))) is [String: Any], "seed \(seed)")
      case .plain, .none: break
      }
    }
  }

  @Test(arguments: seeds)
  func `of any identity lead to a decision that its evidence allows`(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let matches: [FileIdentity.Match] = [.nothing, .equal, .differs, .beyondEnd]
    let endings: [StreamPosition.Ending?] = [
      nil, nil, .complete, .corrupt, .deleted, .departed, .truncated, .copied, .lost,
    ]
    let originals: [FileIdentity.Original] = [
      .absent, .absent, .present(holdsSameBytes: true), .present(holdsSameBytes: false), .presentAndLonger,
    ]
    for _ in 0..<2_000 {
      let file = FileIdentity.Observation(
        device: UInt64(chance.int(1...2)), inode: UInt64(chance.int(0...3)),
        generation: chance.pick([nil, 1, 2]), birth: chance.pick([nil, 10, 20]), size: Int64(chance.int(0...20)),
        compressed: chance.chance(30), rotatedName: chance.chance(50))
      let candidates = (0..<chance.int(0...4)).map { _ in
        var position = StreamPosition(source: "s", key: "k", path: BytePath("/p"))
        position.device = UInt64(chance.int(1...2))
        position.inode = UInt64(chance.int(0...3))
        position.generation = chance.pick([nil, 1, 2])
        position.birth = chance.pick([nil, 10, 20])
        position.offset = Int64(chance.int(0...20))
        position.size = Int64(chance.int(0...20))
        position.compressed = chance.chance(30)
        position.ending = chance.pick(endings)
        return FileIdentity.Candidate(
          position: position, head: chance.pick(matches),
          // Of a plain file the bytes can always be looked at.
          tail: chance.pick(file.compressed ? matches + [.unknown] : matches), original: chance.pick(originals),
          wasHeld: chance.chance(20),
          lastStanding: chance.chance(30) ? Trail.Mark(offset: 5, tail: .empty) : nil)
      }
      let decision = FileIdentity.decide(file, candidates)
      let what = "seed \(seed): \(decision) on \(file) and \(candidates)"
      switch decision {
      case .resume(let index):
        let chosen = candidates[index]
        let wasReadOut = file.compressed && chosen.position.compressed && chosen.position.size == file.size
        #expect(chosen.tail == .equal || chosen.tail == .nothing || wasReadOut, "\(what)")
        #expect(FileIdentity.sameInode(file, chosen.position), "\(what)")
      case .moved(let index):
        #expect(candidates[index].tail == .equal && candidates[index].head == .equal, "\(what)")
        #expect(candidates[index].position.ending != .deleted, "\(what)")
      case .takeBack(let index, let mark):
        #expect(candidates[index].lastStanding == mark && !candidates[index].position.finished, "\(what)")
        #expect(FileIdentity.sameInode(file, candidates[index].position), "\(what)")
      case .truncated(let index):
        #expect(FileIdentity.sameInode(file, candidates[index].position), "\(what)")
      case .lookFurther(let index): #expect(candidates[index].tail == .unknown, "\(what)")
      case .hold(let index): #expect(candidates[index].original != .absent, "\(what)")
      case .stale(let index): #expect(candidates.indices.contains(index), "\(what)")
      case .new: break
      }
    }
  }
}
