import CLinux
import Glibc

// Looking at everything at little cost: 20,000 files that nobody writes to are 20,000 calls of statx and nothing else.
extension FileSource {
  /// What a thorough look at the patterns found: directories as they were, and their entries in the form in which the kernel can
  /// be asked about them. As long as no directory has changed there are no other entries.
  struct Snapshot {
    struct Directory {
      var path: BytePath
      var state: clinux_directory
      /// Of all entries, each ended by a NUL.
      var names: [CChar] = []
      var entries: [clinux_entry] = []
      var files: [FollowedFile] = []
    }

    var directories: [Directory] = []
    /// Paths that match and are not followed: what is no file, links to nowhere, the daemon's own. Looked at each time.
    var unfollowed: [(path: BytePath, rotated: Bool)] = []
    /// Looks it has served for.
    var uses = 0
    /// For the numbers of entries that changed.
    var changed: [Int32] = []
  }

  /// Thorough looks between which directories' times of change are relied on, for file systems that do not keep them.
  private static let glancesInARow = 11

  /// Remembers what was found, if the directories had been at rest for a while before they were listed.
  func remember(now: Int64) {
    snapshot = nil
    var made = Snapshot()
    var numbers: [BytePath: Int] = [:]
    var states: [BytePath: (state: clinux_directory, since: Int64)] = [:]
    defer { directoryStates = states }
    var areAtRest = expansion.problems.isEmpty
    for path in expansion.directories.keys {
      var state = clinux_directory()
      guard path.withCString({ clinux_directory($0, &state) }) == 0 else {
        areAtRest = false
        continue
      }
      let known = directoryStates[path].flatMap { $0.state == state ? $0.since : nil }
      states[path] = (state, known ?? now)
      if now - (known ?? now) < options.directoryRestMilliseconds { areAtRest = false }
      numbers[path] = made.directories.count
      made.directories.append(Snapshot.Directory(path: path, state: state))
    }
    guard areAtRest else { return }
    for (path, rotated) in expansion.paths {
      guard let file = paths[path], file.inPattern, !file.deleted, let number = numbers[path.directory] else {
        made.unfollowed.append((path, rotated))
        continue
      }
      var entry = file.facts.entry
      entry.name = UInt32(made.directories[number].names.count)
      let name = path.bytes.suffix(from: (path.bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)
      made.directories[number].names += name.map { CChar(bitPattern: $0) } + [0]
      made.directories[number].entries.append(entry)
      made.directories[number].files.append(file)
    }
    made.changed = [Int32](repeating: 0, count: made.directories.map(\.entries.count).max() ?? 0)
    snapshot = made
  }

  /// Looks at what is known from the last thorough look. False: that does not do, somebody must look thoroughly.
  func glance() -> Bool {
    guard var known = snapshot, known.uses < Self.glancesInARow, orphans.isEmpty else { return false }
    // Taken out meanwhile, so that it is changed in its place.
    snapshot = nil
    known.uses += 1
    for number in known.directories.indices where !update(&known.directories[number], &known.changed) { return false }
    for found in known.unfollowed { examine(found.path, rotated: found.rotated) }
    lookAfterRecent()
    snapshot = known
    return true
  }

  /// Brings a directory's entries up to date and has those read that grew. False: other files stand there.
  private func update(_ directory: inout Snapshot.Directory, _ changed: inout [Int32]) -> Bool {
    var state = clinux_directory()
    guard directory.path.withCString({ clinux_directory($0, &state) }) == 0, state == directory.state
    else { return false }
    let count = directory.path.withCString {
      clinux_update($0, directory.names, &directory.entries, Int32(directory.entries.count), &changed)
    }
    guard count >= 0 else { return false }
    for number in changed[..<Int(count)] {
      let entry = directory.entries[Int(number)]
      let file = directory.files[Int(number)]
      guard !file.isReleased, entry.device == file.key.device, entry.inode == file.key.inode,
        file.facts.birth == nil || file.facts.birth == entry.birth_ns
      else { return false }
      // Filled again up to the same size it has another time only.
      if entry.size != file.facts.size || entry.modified_ns != file.facts.modified { enqueue(file) }
    }
    return true
  }

  /// Does for the few files in which anything goes on what a thorough look does for all.
  private func lookAfterRecent() {
    let files = recent
    recent = []
    for file in files {
      file.isRecent = false
      if file.isReleased { continue }
      if file.deleted || !file.inPattern { lookFor(file) }
      noteQuiet(file)
      if file.isReleased { continue }
      let isUndecided = file.stream == nil && (file.copyOf != nil || file.facts.size > 0)
      if isUndecided || file.descriptor == nil && complaints.contains(file.path) { enqueue(file) }
      let isQuiet = file.descriptor == nil && file.gzip == nil && file.stream != nil && file.inPattern && !file.deleted
      if !isQuiet && !file.isRecent {
        file.isRecent = true
        recent.append(file)
      }
    }
  }
}

extension clinux_directory {
  fileprivate static func == (a: Self, b: Self) -> Bool {
    a.device == b.device && a.inode == b.inode && a.changed_ns == b.changed_ns
  }
}
