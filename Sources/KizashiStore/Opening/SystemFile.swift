import Glibc

/// The few facts about files the store needs from the system.
enum SystemFile {
  static let noSpace: Int32 = ENOSPC
  static let quotaExceeded: Int32 = EDQUOT
  static let readOnlyFileSystem: Int32 = EROFS

  /// Whether something exists at the path.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Whether this user may not even know what lies at the path.
  static func isHidden(_ path: String) -> Bool { access(path, F_OK) != 0 && errno == EACCES }

  /// Whether a directory lies at the path.
  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// What tells a file from any other that has its name before or after it.
  struct Identity: Equatable {
    var device: UInt64
    var inode: UInt64
  }

  /// The file at the path; nil: there is none.
  static func identity(_ path: String) -> Identity? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  /// The room left where the file lies; nil: the system does not tell.
  static func freeBytes(_ path: String) -> Int64? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
  }

  /// Bytes of the file; 0: there is none.
  static func size(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// Returns when the disk holds all that has been written to the file, by whatever process.
  static func sync(_ path: String, _ action: String) throws(StoreError) {
    let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor < 0 || fdatasync(descriptor) != 0 else { return }
    let code = errno
    let reason: StoreError.Reason = code == noSpace || code == quotaExceeded ? .diskFull : .other
    throw StoreError(action, path: path, reason, detail: message(code))
  }

  /// The folder that holds the file.
  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The reason, as far as the system shows it, why the file cannot be opened or made.
  static func reasonNotToOpen(_ path: String) -> StoreError.Reason {
    let folder = directory(of: path)
    var status = stat()
    guard stat(folder, &status) == 0 else {
      return errno == ENOENT || errno == ENOTDIR ? .missingDirectory(folder) : .noPermission
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { return .missingDirectory(folder) }
    let target = exists(path) ? path : folder
    if access(target, R_OK | W_OK) != 0 { return errno == EROFS ? .readOnly : .noPermission }
    if isDirectory(path) { return .isDirectory }
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG { return .notAStore }
    return .other
  }

  /// What the system says of an error number.
  static func message(_ number: Int32) -> String { String(cString: strerror(number)) }
}
