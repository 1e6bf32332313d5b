import TestSupport

/// One thing done to a directory of files, or to the source that follows them. A list of these is a whole test: it can be
/// replayed, cut down and written into a test by hand. What is not possible when its turn comes does nothing, so that any part
/// of a list is a list.
///
/// Live files are `a.ndjson`, `b.ndjson` and the link `link.ndjson`; rotation makes `.1`, `.2` …, compression `.gz` behind that.
enum FileAction: Sendable, Equatable {
  /// Appends whole lines, with `unended` also the first half of another; the next write to the file completes it.
  case write(String, lines: Int, filler: Int = 0, unended: Bool = false)
  /// Shifts the numbers of rotated files up and renames the file to `.1`.
  case rotate(String)
  /// The first half of copytruncate: shifts the numbers and copies the file to `.1`. Only of a file of which something was read
  /// and stored: of two unread files nobody can say which one is the copy.
  case copy(String)
  /// Both halves at once.
  case copyAndTruncate(String)
  case truncate(String)
  /// Truncates and fills again up to the same size at least, with the same first line.
  case refill(String)
  case delete(String)
  /// Writes the first half of a `.gz` beside the original.
  case beginCompressing(String)
  /// Writes the second half and removes the original.
  case endCompressing
  /// Appends a member of so many lines to a `.gz`; with a source that looks, only once that has come to rest.
  case appendMember(String, lines: Int)
  /// Points `link.ndjson` to another file.
  case swapLink(to: Int)
  /// Renames the file to where no pattern looks: beside it, or in a directory that nobody watches.
  case moveOut(String, away: Bool)
  /// Renames what was moved out last to this name, if that is free.
  case moveIn(String)
  /// Who had the last renamed or deleted file open writes on.
  case oldWriter(lines: Int)

  /// Starts the source with the positions that are stored.
  case start
  /// Stops it; all that was handed over is stored.
  case stop
  /// Stops it; what was handed over since the last ``commit`` never happened.
  case kill
  /// Stores what was handed over.
  case commit
  /// Lets the source take so many steps.
  case steps(Int)
  /// Lets the time to the next look at everything pass.
  case pass
  /// Lets the source go on until nothing is left to do, and compares what came of it with what must.
  case settle
}

/// What a list of actions is replayed under.
struct FileSetup: Sendable, Equatable {
  var readBudgetBytes = 256 * 1024
  var maxOpenFiles = 128
  var departedQuietPasses = 1_000
  /// Length of a line that each new live file begins with, the same in all; 0: none.
  var header = 0
  /// Whether the source may rely on directories' times of change.
  var glances = true
  /// Whether the kernel tells it what happens.
  var watches = true
}

extension FileAction {
  /// A list of so many actions or a few more, and what to replay it under; the same seed gives the same.
  static func list(seed: UInt64, count: Int) -> (setup: FileSetup, actions: [FileAction]) {
    var chance = SeededGenerator(seed: seed)
    var setup = FileSetup()
    setup.readBudgetBytes = [300, 4096, 256 * 1024].randomElement(using: &chance)!
    setup.maxOpenFiles = [1, 2, 8, 128].randomElement(using: &chance)!
    setup.departedQuietPasses = [2, 1_000].randomElement(using: &chance)!
    setup.header = [0, 0, 20, 5_000].randomElement(using: &chance)!
    setup.glances = Int.random(in: 0..<4, using: &chance) > 0
    var actions: [FileAction] = Bool.random(using: &chance) ? [.start] : []
    while actions.count < count { actions += some(&chance) }
    setup.watches = Int.random(in: 0..<4, using: &chance) > 0
    return (setup, actions)
  }

  /// Mostly one action, sometimes several that belong together.
  private static func some(_ chance: inout SeededGenerator) -> [FileAction] {
    let live = ["a.ndjson", "b.ndjson"].randomElement(using: &chance)!
    let any = [live, live, "link.ndjson", "\(live).1", "\(live).2"].randomElement(using: &chance)!
    let old = "\(live).\(Int.random(in: 1...3, using: &chance))"
    func write(_ name: String, _ chance: inout SeededGenerator) -> FileAction {
      .write(
        name, lines: [0, 1, 2, 10, 40].randomElement(using: &chance)!,
        filler: [0, 10, 200].randomElement(using: &chance)!, unended: Int.random(in: 0..<3, using: &chance) == 0)
    }
    func pause(_ chance: inout SeededGenerator) -> [FileAction] {
      let some: [[FileAction]] = [[], [], [.steps(1)], [.steps(3)], [.steps(30)], [.pass, .steps(5)], [.settle]]
      return some.randomElement(using: &chance)!
    }
    switch Int.random(in: 0..<100, using: &chance) {
    case ..<24: return [write(any, &chance)]
    case ..<32: return [.steps([1, 1, 2, 3, 5, 20, 100].randomElement(using: &chance)!)]
    case ..<36: return [.pass]
    case ..<43: return [.settle]
    case ..<47: return [.commit]
    case ..<52: return [.stop]
    case ..<60: return [.start]
    case ..<63: return [.kill]
    case ..<69: return [.rotate(live), write(live, &chance)]
    case ..<71: return [.rotate(live)] + pause(&chance) + [.oldWriter(lines: 2)]
    case ..<73: return [.copyAndTruncate(live), write(live, &chance)]
    case ..<77:
      return [.settle, .commit, .copy(live)] + pause(&chance) + [write(live, &chance)] + pause(&chance)
        + [.truncate(live), write(live, &chance)]
    case ..<80: return [.truncate(any), write(any, &chance)]
    case ..<83: return [.refill(any)]
    case ..<85: return [.delete(any), write(any, &chance)]
    case ..<86: return [.delete("\(old).gz")]
    case ..<88: return [.delete(live), .oldWriter(lines: 1)] + pause(&chance) + [.oldWriter(lines: 2)]
    case ..<90: return [.beginCompressing(old), .endCompressing]
    case ..<92: return [.rotate(live), .beginCompressing("\(live).1")] + pause(&chance) + [.endCompressing]
    case ..<93: return [.appendMember("\(old).gz", lines: 3)]
    case ..<95: return [.swapLink(to: Int.random(in: 1...3, using: &chance)), write("link.ndjson", &chance)]
    case ..<97: return [.moveOut(any, away: Bool.random(using: &chance)), .oldWriter(lines: 2)]
    case ..<98: return [.moveIn(any)]
    case ..<99:
      return [.settle, .stop] + Array(repeating: [write(live, &chance), .rotate(live)], count: 3).flatMap { $0 } + [
        .start
      ]
    default: return [.settle, .stop, .delete(live), write(live, &chance), .start]
    }
  }

  /// The same with less to it, the least first.
  var simpler: [FileAction] {
    switch self {
    case .write(let name, let lines, let filler, let unended):
      var all: [FileAction] = []
      if lines > 1 || filler > 0 || unended { all.append(.write(name, lines: min(lines, 1))) }
      if lines > 1 { all.append(.write(name, lines: lines / 2, filler: filler, unended: unended)) }
      if unended { all.append(.write(name, lines: lines, filler: filler)) }
      if filler > 0 { all.append(.write(name, lines: lines, unended: unended)) }
      return all
    case .appendMember(let name, let lines) where lines > 1: return [.appendMember(name, lines: 1)]
    case .oldWriter(let lines) where lines > 1: return [.oldWriter(lines: 1)]
    case .steps(let count) where count > 1: return [.steps(1), .steps(count / 2), .steps(count - 1)]
    case .settle: return [.steps(1), .steps(10)]
    case .kill: return [.stop]
    default: return []
    }
  }
}
