import CLinux
import Foundation
import Testing

@testable import KizashiIngest

/// A small model of a file system, kept beside a real directory to which the same is done: which lines each file holds, under
/// which names, and which of them nobody can have any more.
///
/// Each line is unlike any other: its number, a filler, and an end by which a whole one is known.
struct FileWorld {
  /// A file, under whatever names.
  final class File {
    /// Numbers of the whole lines in it.
    var lines: [Int] = []
    /// Number of the unended line at its end.
    var begun: Int?
    var isCompressed = false
    /// Whether it was copied from another file; nobody writes to such a one.
    var isCopy = false
    /// Whether a source has come to rest since it was made.
    var isSettled = false
    /// Where it really is; nil: removed.
    var name: String?
    /// Device and number of the real file.
    let key: InodeKey

    init(name: String, key: InodeKey) {
      self.name = name
      self.key = key
    }
  }

  let scratch: Scratch
  let header: Int
  /// By name; targets of the link are `data/1` …
  var files: [String: File] = [:]
  /// All there ever were.
  private(set) var everything: [File] = []
  private var fillers: [Int: Int] = [:]
  private var linkTarget = "data/1"
  /// Who has the file open that was renamed or removed last.
  var oldWriter: (file: File, descriptor: Int32)?
  private var movedOut: String?
  /// What is being compressed, into which file, and what of that is still to be written.
  var compressing: (original: File, target: File, rest: [UInt8])?

  init(header: Int) throws {
    scratch = try Scratch()
    self.header = header
    scratch.makeDirectory("data")
    scratch.makeDirectory("away")
    #expect(symlink(scratch["data/1"], scratch["link.ndjson"]) == 0)
  }

  /// To be called at the end.
  mutating func close() {
    if let oldWriter { _ = Glibc.close(oldWriter.descriptor) }
    oldWriter = nil
  }

  /// Whether the file system gives two changes two times, however quickly one follows the other. Where it does not, a test that
  /// takes no time cannot rely on a directory's time of change.
  func hasFineTimes() -> Bool {
    (0..<20).allSatisfy { number in
      let times = (0..<2).map { step in
        scratch.append("away/probe-\(number)-\(step)", "")
        var state = clinux_directory()
        _ = BytePath(scratch["away"]).withCString { clinux_directory($0, &state) }
        return state.changed_ns
      }
      return times[0] != times[1]
    }
  }

  // MARK: - What is known

  /// Whether a pattern matches one of the file's names.
  func isFollowed(_ file: File) -> Bool {
    guard let name = file.name else { return false }
    return name == linkTarget || name.hasPrefix("a.ndjson") || name.hasPrefix("b.ndjson")
  }

  /// Whether it is in the directory that is watched.
  func isNear(_ file: File) -> Bool { file.name.map { !$0.contains("/") } ?? false }

  func text(_ line: Int) -> String { "\(line):" + String(repeating: "x", count: fillers[line] ?? 0) + ";" }

  /// What a line that was handed over is; nil: the header, which all files share.
  func recognize(_ text: Substring) -> Arrival? {
    if text.hasPrefix("header") { return nil }
    guard let colon = text.firstIndex(of: ":"), let line = Int(text[..<colon]), fillers[line] != nil else {
      return .unknown(String(text))
    }
    let whole = self.text(line)
    if text == whole { return .whole(line) }
    return whole.hasPrefix(text) ? .fragment(line) : .unknown(String(text))
  }

  enum Arrival: Equatable {
    case whole(Int)
    case fragment(Int)
    case unknown(String)
  }

  /// The file that an action on this name takes away or changes, for asking the source about it first.
  func file(_ name: String) -> File? { files[resolve(name)] }

  var oldFile: File? { oldWriter?.file }

  private func resolve(_ name: String) -> String { name == "link.ndjson" ? linkTarget : name }

  // MARK: - What is done

  /// Does it; actions on the source do nothing here.
  mutating func perform(_ action: FileAction) {
    switch action {
    case .write(let name, let lines, let filler, let unended): write(name, lines, filler, unended)
    case .rotate(let name): rotate(name)
    case .copy(let name): copy(name)
    case .copyAndTruncate(let name):
      copy(name)
      truncate(name)
    case .truncate(let name): truncate(name)
    case .refill(let name): refill(name)
    case .delete(let name): if let file = files[resolve(name)] { remove(file) }
    case .beginCompressing(let name): beginCompressing(name)
    case .endCompressing: endCompressing()
    case .appendMember(let name, let lines): appendMember(name, lines)
    case .swapLink(let number): swapLink(to: "data/\(number)")
    case .moveOut(let name, let away): moveOut(name, away)
    case .moveIn(let name): moveIn(name)
    case .oldWriter(let lines): writeOld(lines)
    case .start, .stop, .kill, .commit, .steps, .pass, .settle: break
    }
  }

  /// The next lines as they are written, the begun one completed first.
  mutating func compose(_ file: File, _ lines: Int, _ filler: Int, unended: Bool) -> String {
    var text = ""
    if let line = file.begun, lines > 0 || unended {
      text += self.text(line).suffix(self.text(line).utf8.count - firstHalf(line).utf8.count) + "\n"
      file.lines.append(line)
      file.begun = nil
    }
    for _ in 0..<lines {
      file.lines.append(newLine(filler))
      text += self.text(file.lines.last!) + "\n"
    }
    if unended {
      file.begun = newLine(filler)
      text += firstHalf(file.begun!)
    }
    return text
  }

  private mutating func newLine(_ filler: Int) -> Int {
    fillers[fillers.count + 1] = filler
    return fillers.count
  }

  private func firstHalf(_ line: Int) -> Substring {
    text(line).prefix("\(line):".utf8.count + (fillers[line] ?? 0) / 2)
  }

  mutating func make(_ name: String) -> File {
    scratch.append(name, "")
    let facts = try? FileFacts.at(BytePath(scratch[name])).get()
    let file = File(name: name, key: InodeKey(device: facts?.device ?? 0, inode: facts?.inode ?? 0))
    files[name] = file
    everything.append(file)
    return file
  }

  private var headerLine: String { "header" + String(repeating: "h", count: header) + "\n" }

  private mutating func write(_ name: String, _ lines: Int, _ filler: Int, _ unended: Bool) {
    let name = resolve(name)
    // Rotated files come by rotation only; the live ones are made.
    let isLive = name.hasSuffix(".ndjson") || name.hasPrefix("data/")
    guard let file = files[name] ?? (isLive ? make(name) : nil), !file.isCompressed, !file.isCopy,
      file !== compressing?.original, isLive || !isIndistinct(file)
    else { return }
    let isNew = file.lines.isEmpty && file.begun == nil && scratch.read(name).isEmpty
    scratch.append(name, (isNew && header > 0 ? headerLine : "") + compose(file, lines, filler, unended: unended))
  }

  private mutating func move(_ from: String, _ to: String) {
    guard let file = files.removeValue(forKey: from) else { return }
    scratch.move(from, to)
    file.name = to
    files[to] = file
  }

  private mutating func shift(_ name: String) {
    for number in stride(from: 30, to: 0, by: -1) {
      for suffix in ["", ".gz"] { move("\(name).\(number)\(suffix)", "\(name).\(number + 1)\(suffix)") }
    }
  }

  private mutating func rotate(_ name: String) {
    guard let file = files[name] else { return }
    keepWriter(file)
    shift(name)
    move(name, "\(name).1")
  }

  private mutating func copy(_ name: String) {
    guard let file = files[name] else { return }
    shift(name)
    let copy = make("\(name).1")
    copy.lines = file.lines
    copy.begun = file.begun
    copy.isCompressed = file.isCompressed
    copy.isCopy = true
    scratch.append("\(name).1", scratch.read(name))
  }

  private mutating func truncate(_ name: String) {
    let name = resolve(name)
    guard let file = files[name], !file.isCompressed, file !== compressing?.original else { return }
    scratch.truncate(name)
    file.lines = []
    file.begun = nil
    file.isCopy = false
  }

  /// Whether all that is in it stands at the beginning of others, too. When one of these is truncated at the moment in which such
  /// a one gets its first own line, it cannot be told from a copy of that one that was just completed.
  private func isIndistinct(_ file: File) -> Bool {
    header > Fingerprint.reach && file.lines.isEmpty && file.begun == nil
  }

  private mutating func refill(_ name: String) {
    guard let file = files[resolve(name)], !file.isCompressed, file !== compressing?.original else { return }
    // Nor a copy that is filled anew.
    if file.isCopy && header > Fingerprint.reach { return }
    let size = scratch.read(resolve(name)).count
    truncate(name)
    var text = header > 0 ? headerLine : ""
    while text.utf8.count < size { text += compose(file, 1, 5, unended: false) }
    scratch.append(resolve(name), text)
  }

  mutating func remove(_ file: File) {
    guard let name = file.name else { return }
    keepWriter(file)
    scratch.remove(name)
    files[name] = nil
    file.name = nil
  }

  mutating func keepWriter(_ file: File) {
    guard !file.isCompressed, let name = file.name else { return }
    close()
    oldWriter = (file, open(scratch[name], O_WRONLY | O_APPEND | O_CLOEXEC))
  }

  private mutating func writeOld(_ lines: Int) {
    guard let (file, descriptor) = oldWriter, !file.isCopy, file !== compressing?.original, !isIndistinct(file) else {
      return
    }
    let text = compose(file, lines, 3, unended: false)
    #expect(Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count)
  }

  private mutating func swapLink(to target: String) {
    guard target != linkTarget else { return }
    #expect(symlink(scratch[target], scratch["swap"]) == 0)
    scratch.move("swap", "link.ndjson")
    linkTarget = target
  }

  private mutating func moveOut(_ name: String, _ away: Bool) {
    let name = resolve(name)
    guard let file = files[name], file !== compressing?.target else { return }
    keepWriter(file)
    movedOut = (away ? "away/" : "out-") + "\(everything.count)-\(fillers.count)"
    move(name, movedOut!)
  }

  private mutating func moveIn(_ name: String) {
    guard let from = movedOut, files[from] != nil, name != "link.ndjson", files[name] == nil else { return }
    movedOut = nil
    move(from, name)
  }
}
