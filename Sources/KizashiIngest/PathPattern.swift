import Glibc

/// A glob as `paths:` and `rotated:` hold it: `*`, `?` and `[…]` in any component, as in a shell.
struct PathPattern {
  /// C strings.
  private let components: [[CChar]]
  private let root: BytePath
  /// Whether it names rotated files.
  let rotated: Bool
  /// As it was configured.
  let text: BytePath

  init(_ text: String, rotated: Bool) {
    self.text = BytePath(text)
    let parts = text.utf8.split(separator: UInt8(ascii: "/"))
    components = parts.map { $0.map { CChar(bitPattern: $0) } + [0] }
    root = BytePath(text.utf8.first == UInt8(ascii: "/") ? "/" : ".")
    self.rotated = rotated
  }

  /// Adds what the pattern matches now, and which directories must be watched for what it may match later.
  func expand(into expansion: inout Expansion) {
    if !components.isEmpty { walk(root, 0, &expansion) }
  }

  private func walk(_ directory: BytePath, _ index: Int, _ expansion: inout Expansion) {
    let component = components[index]
    let isLast = index == components.count - 1
    guard Self.hasWildcard(component) else {
      let next = directory.appending(component.dropLast().lazy.map { UInt8(bitPattern: $0) })
      if isLast {
        expansion.watch(directory, entries: Expansion.NamePattern(component: component, rotated: rotated))
        // What cannot be looked at is there, for all we know.
        if case .failure(let error) = FileFacts.at(next), error.isAbsence { return }
        expansion.add(next, rotated: rotated)
      } else {
        let found = FileFacts.at(next)
        if case .success(let facts) = found, facts.isDirectory { return walk(next, index + 1, &expansion) }
        // Not there yet: its nearest existing ancestor tells when it comes.
        expansion.watch(directory, subdirectory: component)
        if case .failure(let error) = found, !error.isAbsence { expansion.note(error, in: directory) }
      }
      return
    }
    if isLast {
      expansion.watch(directory, entries: Expansion.NamePattern(component: component, rotated: rotated))
    } else {
      expansion.watch(directory, subdirectory: component)
    }
    for entry in expansion.listing(of: directory) where fnmatch(component, entry.name, FNM_PERIOD) == 0 {
      let path = directory.appending(entry.bytes)
      if isLast {
        expansion.add(path, rotated: rotated)
      } else if case .success(let facts) = FileFacts.at(path), facts.isDirectory {
        walk(path, index + 1, &expansion)
      }
    }
  }

  private static func hasWildcard(_ component: [CChar]) -> Bool {
    component.contains { "*?[".utf8.contains(UInt8(bitPattern: $0)) }
  }
}

/// What a source's patterns match at one moment.
struct Expansion {
  /// The last component of a pattern.
  struct NamePattern {
    var component: [CChar]
    var rotated: Bool
  }

  /// A directory's entry.
  struct Entry {
    /// C string.
    var name: [CChar]
    var inode: UInt64
    var bytes: some Sequence<UInt8> { name.dropLast().lazy.map { UInt8(bitPattern: $0) } }
  }

  /// What is awaited in a directory.
  struct Watched {
    /// Files.
    var entries: [NamePattern] = []
    /// Directories further patterns lead through; C strings.
    var subdirectories: [[CChar]] = []
  }

  /// What a name in a watched directory is.
  enum Match: Equatable {
    case file(rotated: Bool)
    case directory
  }

  /// Matching paths, each once; true: by a pattern of rotated names.
  private(set) var paths: [BytePath: Bool] = [:]
  /// Directories to watch.
  private(set) var directories: [BytePath: Watched] = [:]
  /// Directories that cannot be listed or searched, with `errno`.
  private(set) var problems: [BytePath: Int32] = [:]
  /// How many matches were found, a path that several patterns match counted for each.
  private(set) var matchCount = 0
  private var listings: [BytePath: [Entry]] = [:]

  mutating func add(_ path: BytePath, rotated: Bool) {
    matchCount += 1
    paths[path] = paths[path] ?? false || rotated
  }

  /// What is in a directory cannot be looked at.
  mutating func note(_ error: Errno, in directory: BytePath) { problems[directory] = error.code }

  /// Whether a directory that a pattern leads through, as far as it has no wildcard, cannot be listed or searched.
  func hasProblem(on pattern: PathPattern) -> Bool {
    problems.keys.contains { directory in
      let path = pattern.text.bytes
      let length = directory.bytes.count
      guard path.starts(with: directory.bytes), length < path.count else { return false }
      return path[length] == UInt8(ascii: "/") || directory.bytes.last == UInt8(ascii: "/")
    }
  }

  mutating func watch(_ directory: BytePath, entries pattern: NamePattern) {
    directories[directory, default: Watched()].entries.append(pattern)
  }

  mutating func watch(_ directory: BytePath, subdirectory component: [CChar]) {
    directories[directory, default: Watched()].subdirectories.append(component)
  }

  /// The names in a directory, read once a pass.
  mutating func listing(of directory: BytePath) -> [Entry] {
    if let known = listings[directory] { return known }
    var entries: [Entry] = []
    if let stream = directory.withCString({ opendir($0) }) {
      defer { closedir(stream) }
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { start in
            Array(UnsafeBufferPointer(start: start, count: strlen(start) + 1))
          }
        }
        entries.append(Entry(name: name, inode: UInt64(entry.pointee.d_ino)))
      }
    } else {
      problems[directory] = errno
    }
    listings[directory] = entries
    return entries
  }

  /// What a name in a directory matches; nil: nothing.
  func match(_ name: [UInt8], in directory: BytePath) -> Match? {
    guard let watched = directories[directory] else { return nil }
    let text = name.map { CChar(bitPattern: $0) } + [0]
    let files = watched.entries.filter { fnmatch($0.component, text, FNM_PERIOD) == 0 }
    if !files.isEmpty { return .file(rotated: files.contains { $0.rotated }) }
    return watched.subdirectories.contains { fnmatch($0, text, FNM_PERIOD) == 0 } ? .directory : nil
  }

  /// Where in the watched directories these inodes stand, whatever their names.
  mutating func paths(ofInodes inodes: Set<UInt64>) -> [UInt64: [BytePath]] {
    var found: [UInt64: [BytePath]] = [:]
    guard !inodes.isEmpty else { return found }
    for directory in directories.keys.sorted() where !(directories[directory]?.entries ?? []).isEmpty {
      for entry in listing(of: directory) where inodes.contains(entry.inode) {
        found[entry.inode, default: []].append(directory.appending(entry.bytes))
      }
    }
    return found
  }

  /// Forgets the listings, which are true for one pass only.
  mutating func forgetListings() { listings = [:] }
}
