import KizashiCore
import ReferenceModel
import TestSupport

/// Lets sources of a scenario stall: nothing is said of them for a while, their lines come later, or all the same.
enum StallGenerator {
  /// Watches some of the sources.
  static func watch(_ sources: inout [SourceModel], _ random: inout SeededGenerator) {
    for index in sources.indices where random.chance(60) {
      sources[index].stallAfterMilliseconds = 1_800_000
      sources[index].maxHoldMilliseconds = random.pick([3, 24, 24, 100, 2000]) * 3_600_000
    }
  }

  /// Puts stalls into the inputs; the last input stays the last.
  static func insert(into inputs: inout [ReferenceInput], _ sources: [SourceModel], _ random: inout SeededGenerator) {
    let watched = sources.indices.filter { sources[$0].stallAfterMilliseconds != nil }
    guard !watched.isEmpty else { return }
    for _ in 0..<random.int(0...3) {
      let source = random.pick(watched)
      let start = random.int(0...inputs.count - 1)
      var end = random.int(start...inputs.count - 1)
      if random.chance(60) { end = delay(source, &inputs, from: start, to: end) }
      let hours = Int64(random.int(0...80)) * 3_600_000
      let at = instant(&inputs, before: start)
      if random.chance(80) {
        // Found when the last late line has been read, or later.
        let over = min(inputs.count - 1, end + random.int(0...4))
        inputs.insert(.endStall(source: source, at: instant(&inputs, before: over)), at: over)
      }
      if random.chance(60) {
        inputs.insert(.stall(source: source, at: at + hours, from: at + hours), at: start)
      } else {
        // Not read yet when another one is; perhaps it is found then that it delivers nothing.
        if random.chance(40) {
          let place = random.int(start...end)
          let found = instant(&inputs, before: place)
          inputs.insert(.stall(source: source, at: found, from: found), at: place)
        }
        inputs.insert(.waitFor(source: source, at: at + hours, from: at + hours), at: start)
      }
    }
  }

  /// The lines of a source between two places come behind the second; where the last of them is then.
  private static func delay(_ source: Int, _ inputs: inout [ReferenceInput], from start: Int, to end: Int) -> Int {
    func isOfSource(_ input: ReferenceInput) -> Bool {
      if case .event(let event) = input { event.source == source } else { false }
    }
    let part = inputs[start..<end]
    inputs.replaceSubrange(start..<end, with: part.filter { !isOfSource($0) } + part.filter(isOfSource))
    return end
  }

  /// About when an input comes.
  private static func instant(_ inputs: inout [ReferenceInput], before place: Int) -> Int64 {
    for input in inputs[..<place].reversed() {
      if case .event(let event) = input { return event.at }
    }
    return ModelGenerator.start
  }
}
