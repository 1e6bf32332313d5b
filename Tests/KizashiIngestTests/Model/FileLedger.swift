@testable import KizashiIngest

/// What a store would hold: positions, and how often each line came. A value, so that a kill is an assignment.
struct FileLedger {
  private(set) var positions: [String: StreamPosition] = [:]
  /// By number of the line.
  private(set) var wholes: [Int: Int] = [:]
  private(set) var fragments: [Int: Int] = [:]
  /// The first thing that must not be, in the order of arrival.
  private(set) var fault: String?
  /// Whether the store forgets on purpose, to see that it is found out.
  var sabotage: FileSabotage?

  /// What a new source starts from.
  var stored: [StreamPosition] { positions.values.sorted { $0.key < $1.key }.map { sabotage?.spoil($0) ?? $0 } }

  /// Takes a chunk, and checks what can be checked at once.
  mutating func accept(_ chunk: Chunk, _ world: FileWorld) {
    let position = chunk.position
    let before = positions[position.key]?.offset ?? chunk.startOffset
    let skipped = chunk.oversize.reduce(0) { $0 + $1.length + 1 }
    // What a copy holds was read elsewhere, but for the line within which it goes on otherwise.
    let passes =
      positions[position.key]?.ending == .copied
      && (chunk.bytes.isEmpty ? chunk.startOffset > before : chunk.startOffset < before)
    if position.offset != chunk.startOffset + Int64(chunk.bytes.count)
      || chunk.startOffset != before + skipped && !passes
    {
      fault = fault ?? "a gap in \(position.key): \(before) … \(chunk.startOffset) … \(position.offset)"
    }
    for stored in [position] + chunk.copies { positions[stored.key] = stored }
    for bytes in chunk.bytes.split(separator: 0x0a) {
      guard let arrival = world.recognize(Substring(decoding: bytes, as: UTF8.self)) else { continue }
      note(arrival, in: position.key)
    }
  }

  private mutating func note(_ arrival: FileWorld.Arrival, in key: String) {
    let line: Int
    switch arrival {
    case .unknown(let text):
      fault = fault ?? "no such line: \(text) in \(key)"
      return
    case .whole(let number):
      wholes[number, default: 0] += 1
      line = number
    case .fragment(let number):
      fragments[number, default: 0] += 1
      line = number
    }
    // A line that never ended is no line: a fragment of it may come again. Never with the whole.
    if wholes[line, default: 0] > 1 || wholes[line] != nil && fragments[line] != nil {
      fault = fault ?? "line \(line) twice, in \(key)"
    }
  }

  /// Whether a position remembers this very file as one that may still be read.
  func remembers(_ facts: FileFacts) -> Bool {
    positions.values.contains {
      $0.device == facts.device && $0.inode == facts.inode && $0.birth == facts.birth && !$0.finished
    }
  }
}

/// Ways in which the store can be made to lie, to see that the model finds out.
enum FileSabotage: Sendable {
  /// Every offset is that of one byte before.
  case offsets
  /// Nothing is remembered of the bytes before an offset.
  case tails

  func spoil(_ position: StreamPosition) -> StreamPosition {
    var position = position
    switch self {
    case .offsets: position.offset = max(0, position.offset - 1)
    case .tails: position.tail = .empty
    }
    return position
  }
}
