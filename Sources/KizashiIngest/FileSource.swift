import CLinux
import Glibc
import Synchronization

/// How a ``FileSource`` works. The defaults are the daemon's; tests change them to see one mechanism at a time.
package struct FileSourceOptions: Sendable {
  /// Between two looks at everything, in milliseconds.
  package var reconcileMilliseconds: Int64 = 5_000
  /// Bytes read from one file before it is the next one's turn; 1 to 1 MiB.
  package var readBudgetBytes = 256 * 1024
  /// Files kept open.
  package var maxOpenFiles = 128
  /// Reconcile passes without growth after which a deleted file is given up.
  package var deletedQuietPasses = 2
  /// The same for a file renamed to where no pattern looks.
  package var departedQuietPasses = 12
  /// Paths never read, whatever the patterns say: the daemon's own files.
  package var excluded: [String] = []
  /// How long a directory must have been as it is before it was listed, in milliseconds, for its time of change to tell of any
  /// later change. (Coarse clocks give two changes one time.)
  package var directoryRestMilliseconds: Int64 = 2_000
  /// Which start of the machine this is.
  package var machineStart = MachineStart.current
  /// False: no inotify, reconcile only (as where the kernel gives no more instances).
  package var usesInotify = true
  /// The defaults.
  package init() {}
}

/// Follows the files its patterns match, through renames, truncation, compression and deletion, and hands on whole lines.
///
/// One actor on one thread, one loop: take what inotify told, look at everything when it is time, give one ready file its
/// turn, hand over what came of it; with no file ready, say so and sleep. All decisions are made in synchronous code between
/// two hand-overs; what they have to say goes through `outbox`, in order.
package actor FileSource {
  /// Something for the sink.
  enum Output {
    case chunk(Chunk)
    case event(SourceEvent)
  }

  /// What a step came to.
  enum Step {
    /// These are to be handed on, in order.
    case outputs([Output])
    /// There is more to do.
    case busy
    /// Nothing is unread.
    case drained
  }

  /// The configured id.
  package nonisolated let id: String
  let options: FileSourceOptions
  let patterns: [PathPattern]
  private let executor: ThreadExecutor
  private let waker: Waker

  /// Streams given up that are still remembered.
  static let settledLimit = 10_000

  var index = StreamIndex()
  /// Keys of unfinished streams without a file.
  var orphans: Set<String> = []
  /// Keys of streams given up, oldest first.
  var settled: [String] = []
  var files: [InodeKey: FollowedFile] = [:]
  var paths: [BytePath: FollowedFile] = [:]
  var expansion = Expansion()
  var watcher: DirectoryWatcher?
  /// Paths that have been complained of and not been right since.
  var complaints: Set<BytePath> = []
  /// What cannot be read, for whoever asks from outside.
  private let known = Mutex<Set<SourceTrouble>>([])
  let excludedPaths: Set<BytePath>
  var excludedInodes: Set<InodeKey> = []
  var isShortOfDescriptors = false
  var outbox: [Output] = []
  /// Number of the current reconcile pass.
  var pass = 0
  var rescanWanted = false
  /// What the last thorough look found; nil: that cannot be relied on.
  var snapshot: Snapshot?
  /// Directories as they were at the last thorough look, and since when.
  var directoryStates: [BytePath: (state: clinux_directory, since: Int64)] = [:]
  /// Files that had a turn since they were last found to need no looking after.
  var recent: [FollowedFile] = []
  /// Files with a descriptor.
  var open: [InodeKey: FollowedFile] = [:]
  var useCounter: UInt64 = 0
  private let scratchOwner = ScratchBuffer(byteCount: 64 * 1024)
  /// For bytes that are looked at and not kept.
  var scratch: UnsafeMutableRawBufferPointer { scratchOwner.bytes }
  var turns = FileTurns()
  private var nextReconcile: Int64 = 0

  /// Jobs run on the source's own thread.
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A source that goes on from stored positions. `paths` and `rotated` are globs.
  package init(
    id: String, paths: [String], rotated: [String] = [], positions: [StreamPosition] = [],
    options: FileSourceOptions = FileSourceOptions()
  ) throws {
    self.id = id
    self.options = options
    excludedPaths = Set(options.excluded.map { BytePath($0) })
    patterns = paths.map { PathPattern($0, rotated: false) } + rotated.map { PathPattern($0, rotated: true) }
    executor = try ThreadExecutor(name: "kz-\(id)")
    waker = try Waker()
    for position in positions {
      index.reserve(key: position.key)
      // What was deleted and read to its end cannot come back.
      if position.ending == .deleted { continue }
      index.insert(FileStream(position: position))
      if !position.finished { orphans.insert(position.key) }
    }
  }

  /// Reads until the task is cancelled; then nothing more is read nor handed on. Throws what the sink throws. Call once.
  package func run(sink: some ChunkSink) async throws {
    try await withTaskCancellationHandler {
      try await loop(sink)
    } onCancel: {
      waker.wake()
    }
  }

  private func loop(_ sink: some ChunkSink) async throws {
    defer { end() }
    begin()
    while !Task.isCancelled {
      switch step(now: monotonicMilliseconds()) {
      case .outputs(let outputs): try await flush(outputs, sink)
      case .busy: continue
      case .drained:
        await sink.drained(source: id)
        park()
      }
    }
  }

  /// To be called before the first step.
  func begin() {
    startWatching()
    rescanWanted = true
  }

  /// Does the next thing there is to do. All that a source decides it decides in here, without waiting for anything, so that
  /// a test can lead it from step to step.
  func step(now: Int64) -> Step {
    takeEvents()
    if rescanWanted || now >= nextReconcile {
      let thoroughly = rescanWanted
      rescanWanted = false
      nextReconcile = now + options.reconcileMilliseconds
      reconcile(now: now, thoroughly: thoroughly)
    }
    if let file = turns.next(canOpenAnother: canOpenAnother) {
      turn(file)
    } else if outbox.isEmpty {
      settleOrphans()
    }
    if !outbox.isEmpty {
      defer { outbox = [] }
      return .outputs(outbox)
    }
    return turns.isEmpty && !rescanWanted ? .drained : .busy
  }

  /// To be called after the last step: cuts the cycles between files and streams.
  func end() {
    for stream in index.streams.values { stream.file = nil }
  }

  private func flush(_ outputs: [Output], _ sink: some ChunkSink) async throws {
    for output in outputs {
      if Task.isCancelled { return }
      switch output {
      case .chunk(let chunk): try await sink.accept(chunk)
      case .event(let event): await sink.report(event)
      }
    }
  }

  /// Sleeps until the kernel has news, the run is cancelled, or it is time to look at everything.
  private func park() {
    var descriptors = [pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)]
    if let watcher { descriptors.append(pollfd(fd: watcher.descriptor, events: Int16(POLLIN), revents: 0)) }
    wait(for: &descriptors, milliseconds: nextReconcile - monotonicMilliseconds())
  }

  /// Gives a file a turn soon.
  func enqueue(_ file: FollowedFile) {
    if !file.isRecent {
      file.isRecent = true
      recent.append(file)
    }
    turns.append(file)
  }

  private func startWatching() {
    guard options.usesInotify else { return }
    switch DirectoryWatcher.make() {
    case .success(let made): watcher = made
    case .failure(let error):
      report(
        .unwatched(
          reason: errorText(error.code),
          hint: "raise fs.inotify.max_user_instances; until then changes are found every "
            + "\(options.reconcileMilliseconds) ms"))
    }
  }

  // MARK: - What the outbox is filled with

  func report(_ kind: SourceEvent.Kind, path: BytePath? = nil, key: String? = nil) {
    outbox.append(.event(SourceEvent(source: id, key: key, path: path, kind: kind)))
  }

  /// Complains of a path once until ``absolve(_:)``.
  func complain(_ kind: SourceEvent.Kind, path: BytePath) {
    if case .unreadable = kind {
      _ = known.withLock { $0.insert(SourceTrouble(kind: .unreadable, path: path)) }
    }
    if complaints.insert(path).inserted { report(kind, path: path) }
  }

  /// The path is right (again).
  func absolve(_ path: BytePath) {
    guard !complaints.isEmpty, complaints.remove(path) != nil else { return }
    _ = known.withLock { $0.remove(SourceTrouble(kind: .unreadable, path: path)) }
  }

  // MARK: - What cannot be read

  /// What this source is asked to read and cannot, ascending. At any time, from any thread.
  package nonisolated var troubles: [SourceTrouble] { known.withLock { $0.sorted() } }

  /// Whether a pattern matches nothing.
  var isMissingSomething: Bool { known.withLock { $0.contains { $0.kind == .missing } } }

  /// After a thorough look: which patterns match nothing. What could not be read and is no longer there troubles nobody.
  func note(missing: [BytePath]) {
    known.withLock { known in
      known = known.filter { trouble in
        trouble.kind == .unreadable
          && (expansion.paths[trouble.path] != nil || expansion.problems[trouble.path] != nil
            || paths[trouble.path] != nil)
      }
      known.formUnion(missing.map { SourceTrouble(kind: .missing, path: $0) })
    }
  }

  /// Hands on a position that moved without bytes.
  func sendPosition(_ stream: FileStream) {
    outbox.append(
      .chunk(
        Chunk(source: id, position: stream.position, bytes: [], startOffset: stream.position.offset, oversize: [])))
  }
}
