import Glibc
import KizashiCore
import KizashiDecode

/// Times what can be timed in one thread and without a disk, on one file of event lines: simdjson alone (the yardstick),
/// decoding, and the engine with the built-in scorecard. Each stage is repeated; the fastest and the median are printed.
/// Then what lines made to hurt cost the decoder; `--poison` times only those and prints them all.
@main struct Stages {
  static func main() {
    if CommandLine.arguments.dropFirst().first == "--poison" {
      PoisonCosts.report(9, all: true)
      return
    }
    guard CommandLine.arguments.count >= 2, let bytes = readFile(CommandLine.arguments[1]) else {
      print("usage: stages FILE [REPETITIONS] | stages --poison")
      exit(64)
    }
    let repetitions = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 3 : 3
    let lines = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - SimdjsonLimit.padding)])
    let count = SimdjsonLimit.extract(lines).lines
    var limits: [Double] = []
    var validating: [Double] = []
    var decoding: [Double] = []
    var engine: [Double] = []
    for _ in 0..<repetitions {
      limits.append(timed { _ = SimdjsonLimit.extract(lines) })
      validating.append(timed { _ = SimdjsonLimit.validate(lines) })
      let (decode, apply) = run(lines)
      decoding.append(decode)
      engine.append(apply)
    }
    print("\(count) lines, \(lines.count) bytes")
    report("simdjson alone", limits, count)
    report("simdjson alone, validating each line whole", validating, count)
    report("decode", decoding, count)
    report("engine", engine, count)
    PoisonCosts.report(repetitions, all: false)
  }

  /// Seconds of decoding and of the engine, chunk by chunk as the daemon does it, with a commit every 500,000 events (24 MiB).
  static func run(_ lines: UnsafeRawBufferPointer) -> (decode: Double, engine: Double) {
    let decoder = LineDecoder(options: DecodeOptions())
    var engine = Engine(model: Model(), configVersion: 1, sources: [SourceModel(name: "app")], seed: 42)
    var batch = EventBatch()
    var seconds = (decode: 0.0, engine: 0.0)
    var start = 0
    var facts = 0
    while start < lines.count {
      var end = min(start + 1 << 20, lines.count)
      while end < lines.count && lines[end - 1] != UInt8(ascii: "\n") { end -= 1 }
      let chunk = UnsafeRawBufferPointer(rebasing: lines[start..<end])
      seconds.decode += timed {
        decoder.decode(chunk, atStreamStart: start == 0, receivedAt: Instant(milliseconds: 0), into: &batch)
      }
      seconds.engine += timed {
        engine.apply(batch)
        if engine.undrainedBytes >= 24 << 20 { facts += engine.drain().facts.count }
      }
      start = end
    }
    seconds.engine += timed { facts += engine.drain().facts.count }
    return seconds
  }

  static func report(_ name: String, _ seconds: [Double], _ lines: Int) {
    let sorted = seconds.sorted()
    let median = sorted[sorted.count / 2]
    let perLine = Int(median * 1e9 / Double(lines))
    print(
      "\(name): \(perLine) ns a line, \(Int(Double(lines) / median)) lines/s (fastest \(Int(Double(lines) / sorted[0])))"
    )
  }

  static func timed(_ body: () -> Void) -> Double {
    let start = cpuSeconds()
    body()
    return cpuSeconds() - start
  }

  static func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The file and, behind it, the readable bytes simdjson asks for.
  static func readFile(_ path: String) -> UnsafeMutableRawBufferPointer? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let size = ftell(file)
    rewind(file)
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size + SimdjsonLimit.padding, alignment: 64)
    guard fread(bytes.baseAddress, 1, size, file) == size else { return nil }
    return bytes
  }
}
