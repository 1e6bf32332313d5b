import TestSupport

// What a compressor does: it writes beside its input, in two pieces, and then removes that.
extension FileWorld {
  mutating func beginCompressing(_ name: String) {
    guard compressing == nil, let original = files[name], !original.isCompressed, files["\(name).gz"] == nil else {
      return
    }
    let bytes = gzip(scratch.read(name))
    let target = make("\(name).gz")
    target.isCompressed = true
    scratch.append("\(name).gz", Array(bytes[..<(bytes.count / 2)]))
    compressing = (original, target, Array(bytes[(bytes.count / 2)...]))
  }

  mutating func endCompressing() {
    guard let (original, target, rest) = compressing else { return }
    compressing = nil
    guard let name = target.name else { return }
    scratch.append(name, rest)
    target.lines = original.lines
    target.begun = original.begun
    remove(original)
    // Who writes on behind what was compressed loses it.
    if oldWriter?.file === original { close() }
  }

  mutating func appendMember(_ name: String, _ lines: Int) {
    guard let file = files[name], file.begun == nil, file !== compressing?.target else { return }
    scratch.append(name, gzip(compose(file, lines, 3, unended: false)))
  }
}
