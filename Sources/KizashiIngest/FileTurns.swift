/// The files that wait for their turn, and whose is next.
struct FileTurns {
  /// Those whose bytes nobody knows come first: a copy must be known as one before its original is read on.
  private var unknown = Queue()
  /// Those that can be read.
  private var ready = Queue()
  /// Those for which no descriptor was free, in the order in which their turns came.
  private var waiting = Queue()
  /// Whether a file was put behind ones that may be younger.
  private var isOutOfOrder = false

  /// Whether nobody waits.
  var isEmpty: Bool { unknown.isEmpty && ready.isEmpty && waiting.isEmpty }

  /// Whether files whose streams are known wait.
  var hasReady: Bool { !ready.isEmpty }

  /// Adds a file, unless it waits already.
  mutating func append(_ file: FollowedFile) {
    guard !file.queued else { return }
    file.queued = true
    if file.stream == nil { unknown.append(file) } else { ready.append(file) }
  }

  /// Has those that can be read come in the order of their age: of one it has just become known whose bytes it holds.
  mutating func sortByAge() { isOutOfOrder = true }

  /// Has a file wait until it can be opened.
  mutating func awaitDescriptor(_ file: FollowedFile) {
    guard !file.queued else { return }
    file.queued = true
    waiting.append(file)
  }

  /// Takes out the next one.
  mutating func next(canOpenAnother: @autoclosure () -> Bool) -> FollowedFile? {
    if unknown.isEmpty && isOutOfOrder {
      ready.sort { FollowedFile.isOlder($0.age, $1.age) }
      isOutOfOrder = false
    }
    // The last of these: one that waits may have been opened meanwhile, by the turn of another.
    guard
      let file = unknown.popFirst() ?? (!waiting.isEmpty && canOpenAnother() ? waiting.popFirst() : nil)
        ?? ready.popFirst() ?? waiting.popFirst()
    else { return nil }
    file.queued = false
    return file
  }
}

extension FileTurns {
  /// Files in the order in which they were put in.
  private struct Queue {
    private var files: [FollowedFile] = []
    private var start = 0

    var isEmpty: Bool { start == files.count }

    mutating func append(_ file: FollowedFile) { files.append(file) }

    mutating func sort(by isBefore: (FollowedFile, FollowedFile) -> Bool) {
      files.removeFirst(start)
      start = 0
      files.sort(by: isBefore)
    }

    mutating func popFirst() -> FollowedFile? {
      guard start < files.count else { return nil }
      let file = files[start]
      start += 1
      if start == files.count {
        files.removeAll(keepingCapacity: true)
        start = 0
      } else if start > 1024 && start * 2 > files.count {
        files.removeFirst(start)
        start = 0
      }
      return file
    }
  }
}
