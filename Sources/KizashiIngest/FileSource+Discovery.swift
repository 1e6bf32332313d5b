import Glibc

// Which files there are, and under which names.
extension FileSource {
  /// Takes what inotify told since the last time.
  func takeEvents() {
    guard let watcher else { return }
    var left: [BytePath] = []
    for event in watcher.events() {
      switch event {
      case .rescan: rescanWanted = true
      case .file(let inode): if let file = files[inode] { enqueue(file) }
      case .changed(let directory, let name):
        let path = directory.appending(name)
        if let file = paths[path] {
          enqueue(file)
        } else {
          appeared(path, name, in: directory)
        }
      case .appeared(let directory, let name): appeared(directory.appending(name), name, in: directory)
      case .left(let directory, let name): left.append(directory.appending(name))
      }
    }
    if !left.isEmpty { expansion.forgetListings() }
    // After the appearances: the two halves of a rename tell where the file is before it is missed.
    for path in left {
      if let file = paths[path], !isStillThere(file, at: path) {
        paths[path] = nil
        if file.path == path { lookFor(file) }
      } else if expansion.match(path.bytes.suffix(from: path.nameStart).map { $0 }, in: path.directory) == .directory {
        rescanWanted = true
      }
    }
  }

  private func appeared(_ path: BytePath, _ name: [UInt8], in directory: BytePath) {
    switch expansion.match(name, in: directory) {
    case .file(let rotated): examine(path, rotated: rotated)
    case .directory: rescanWanted = true
    case nil: break
    }
  }

  /// Looks at everything: what inotify may have missed, what is gone, what has been quiet long enough to be let go.
  /// Without listing directories again that are as they were, unless `thoroughly`.
  func reconcile(now: Int64, thoroughly: Bool) {
    pass += 1
    if !thoroughly, glance() { return }
    deferOrphans()
    expansion = Expansion()
    var missing: [BytePath] = []
    for pattern in patterns {
      let before = expansion.matchCount
      pattern.expand(into: &expansion)
      // Rotated files need not be there.
      let isFound = expansion.matchCount > before || expansion.hasProblem(on: pattern)
      if !pattern.rotated, !isFound { missing.append(pattern.text) }
    }
    watchDirectories()
    excludedInodes = Set(
      options.excluded.compactMap { path in
        (try? FileFacts.at(BytePath(path)).get()).map { InodeKey(device: $0.device, inode: $0.inode) }
      })
    examineAll()
    findRenamedOrphans()
    for file in Array(files.values) {
      if file.seen != pass { lookFor(file) }
      noteQuiet(file)
      if file.copyOf != nil { enqueue(file) }
    }
    // Second names of files that are gone.
    paths = paths.filter { !$0.value.isReleased }
    note(missing: missing)
    expansion.forgetListings()
    remember(now: now)
  }

  private func watchDirectories() {
    let (failures, isNew) = watcher?.watch(expansion.directories) ?? ([], false)
    if isNew { rescanWanted = true }
    // What cannot be read need not be watched: that is the graver of the two.
    for (directory, code) in expansion.problems {
      complain(.unreadable(reason: errorText(code), hint: hint(forOpening: code)), path: directory)
    }
    for (path, code) in failures {
      let hint = code == ENOSPC ? "raise fs.inotify.max_user_watches" : "check the directory's permissions"
      complain(.unwatched(reason: errorText(code), hint: hint), path: path)
    }
    let unwatched = Set(failures.map(\.0))
    for directory in expansion.directories.keys
    where !unwatched.contains(directory) && expansion.problems[directory] == nil {
      absolve(directory)
    }
  }

  /// Files renamed out of the patterns while nobody looked are known by their inode, and read to their end.
  private func findRenamedOrphans() {
    var wanted: [UInt64: StreamPosition] = [:]
    for position in orphans.lazy.compactMap({ self.index[$0]?.position })
    where files[position.inodeKey] == nil {
      wanted[position.inode] = position
    }
    for (inode, paths) in expansion.paths(ofInodes: Set(wanted.keys)) {
      guard let position = wanted[inode] else { continue }
      for path in paths {
        guard case .success(let facts) = FileFacts.at(path), facts.isRegular, facts.device == position.device,
          facts.inode == inode, facts.birth == position.birth
        else { continue }
        let file = FollowedFile(facts: facts, path: path, rotatedName: true)
        file.inPattern = false
        adopt(file)
        watcher?.watch(file: file.key, at: path)
        break
      }
    }
  }

  /// Looks at all that matches, at what is new last. With a backlog in several rotated files the oldest is read first; but
  /// before all those that are where a stream was left, lest a copy be taken for the stream's file.
  private func examineAll() {
    var new: [(path: BytePath, rotated: Bool, facts: FileFacts)] = []
    for (path, rotated) in expansion.paths {
      switch FileFacts.at(path) {
      case .success(let facts) where files[InodeKey(device: facts.device, inode: facts.inode)] == nil:
        new.append((path, rotated, facts))
      case let result: examine(path, rotated: rotated, result)
      }
    }
    new.sort {
      FollowedFile.isOlder(($0.facts.modified, $0.rotated, $0.path), ($1.facts.modified, $1.rotated, $1.path))
    }
    // Those that may go on with what is known first, each group from the oldest to the newest.
    let known = new.filter { index.mayContinue($0.facts) }
    let unknown = new.filter { !index.mayContinue($0.facts) }
    for found in known + unknown { examine(found.path, rotated: found.rotated, .success(found.facts)) }
  }

  /// Looks at what stands at a path that matches a pattern.
  func examine(_ path: BytePath, rotated: Bool, _ known: Result<FileFacts, Errno>? = nil) {
    let facts: FileFacts
    switch known ?? FileFacts.at(path) {
    case .success(let found): facts = found
    case .failure(let error):
      if error.code != ENOENT {
        complain(.unreadable(reason: errorText(error.code), hint: hint(forOpening: error.code)), path: path)
      }
      return
    }
    let key = InodeKey(device: facts.device, inode: facts.inode)
    guard facts.isRegular else {
      complain(.ignored(reason: "it is \(facts.typeName)"), path: path)
      return
    }
    guard !excludedInodes.contains(key), !excludedPaths.contains(path) else {
      complain(.ignored(reason: "it is the daemon's own"), path: path)
      return
    }
    let displaced = paths[path]
    if let file = files[key], file.isSame(as: facts) {
      found(file, at: path, rotated: rotated, facts)
    } else {
      // Another inode under a number that was used again: what had it before is gone.
      if let former = files[key] { release(former, as: .lost) }
      adopt(FollowedFile(facts: facts, path: path, rotatedName: rotated))
    }
    if let displaced, displaced !== paths[path], displaced.path == path { lookFor(displaced) }
  }

  private func adopt(_ file: FollowedFile) {
    file.seen = pass
    files[file.key] = file
    paths[file.path] = file
    // Which pattern it was that waited for it tells a look at all of them.
    if isMissingSomething { rescanWanted = true }
    var target = [CChar](repeating: 0, count: 1)
    // Writes to the target of a link are told to the target's directory, not to the link's.
    if file.path.withCString({ readlink($0, &target, 1) }) >= 0 { watcher?.watch(file: file.key, at: file.path) }
    enqueue(file)
  }

  private func found(_ file: FollowedFile, at path: BytePath, rotated: Bool, _ facts: FileFacts) {
    if file.path != path {
      if paths[file.path] === file && isStillThere(file, at: file.path) {
        // A second name (hard link, symbolic link): the first one stays.
        file.seen = pass
        paths[path] = file
        return
      }
      rename(file, to: path)
    }
    file.seen = pass
    file.rotatedName = rotated
    file.inPattern = true
    paths[path] = file
    let isUnread = file.stream == nil && file.copyOf == nil && facts.size > 0
    let isChanged = facts.size != file.facts.size || facts.modified != file.facts.modified
    if isChanged || isUnread || file.descriptor == nil && complaints.contains(path) {
      enqueue(file)
    }
  }

  func isStillThere(_ file: FollowedFile, at path: BytePath) -> Bool {
    guard case .success(let facts) = FileFacts.at(path) else { return false }
    return file.isSame(as: facts)
  }

  private func rename(_ file: FollowedFile, to path: BytePath) {
    if paths[file.path] === file { paths[file.path] = nil }
    let from = file.path
    file.path = path
    guard let stream = file.stream else { return }
    index.update(stream) { $0.path = path }
    report(.rotated(from: from), path: path, key: stream.position.key)
    sendPosition(stream)
  }

  /// A file that is not where it was: renamed to where no pattern looks, deleted, or only reached by no name we know.
  func lookFor(_ file: FollowedFile) {
    if isStillThere(file, at: file.path) { return }
    if let descriptor = file.descriptor, let facts = FileFacts.of(descriptor.number) {
      if facts.links == 0 {
        if !file.deleted { enqueue(file) }
        file.deleted = true
        if paths[file.path] === file { paths[file.path] = nil }
      } else if let path = descriptor.currentPath, isStillThere(file, at: path) {
        depart(file, to: path)
      } else {
        file.inPattern = false
      }
    } else if let path = expansion.paths(ofInodes: [file.key.inode])[file.key.inode]?
      .first(where: { isStillThere(file, at: $0) })
    {
      depart(file, to: path)
    } else {
      release(file, as: .lost)
    }
  }

  private func depart(_ file: FollowedFile, to path: BytePath) {
    rename(file, to: path)
    file.inPattern = false
    watcher?.watch(file: file.key, at: path)
    enqueue(file)
  }
}

extension BytePath {
  /// Where the last component begins.
  fileprivate var nameStart: Int { (bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1 }
}
