import KizashiCore
import KizashiDecode

/// A row as text, for comparing.
struct Row: Equatable {
  var kind: RowKind
  var at: Int64 = 0
  var count: Int64 = 1
  var account = ""
  var user = ""
  var event = ""
  var id = ""
  var line: [UInt8] = []
  var reason: RefusalReason?
  var record: Record?

  /// What the row means, without where it stood.
  var meaning: Row {
    var copy = self
    copy.line = []
    return copy
  }
}

extension LineDecoder {
  /// Decodes one chunk and reads its columns back.
  func rows(
    _ chunk: [UInt8], atStreamStart: Bool = true, receivedAt: Int64 = 0, batch: inout EventBatch
  ) -> [Row] {
    chunk.withUnsafeBytes {
      decode($0, atStreamStart: atStreamStart, receivedAt: Instant(milliseconds: receivedAt), into: &batch)
    }
    let reasons = Dictionary(uniqueKeysWithValues: batch.refusals.map { ($0.row, $0.reason) })
    let records = Dictionary(uniqueKeysWithValues: batch.records.map { ($0.row, $0.record) })
    return (0..<batch.rowCount).map { row in
      let line = batch.lines[Int(batch.line[row])]
      return Row(
        kind: RowKind(rawValue: batch.kind[row]) ?? .refused, at: batch.instant[row], count: batch.count[row],
        account: batch.string(batch.account[row]), user: batch.string(batch.user[row]),
        event: batch.string(batch.event[row]), id: batch.string(batch.id[row]),
        line: Array(chunk[Int(line.offset)..<Int(line.offset + line.length)]), reason: reasons[row],
        record: records[row])
    }
  }
}

/// The rows of one chunk, without their lines.
func decode(_ bytes: [UInt8], _ options: DecodeOptions = DecodeOptions(), receivedAt: Int64 = 0) -> [Row] {
  var batch = EventBatch()
  return LineDecoder(options: options).rows(bytes, receivedAt: receivedAt, batch: &batch).map(\.meaning)
}

/// The rows of one chunk of text, without their lines.
func decode(_ text: String, _ options: DecodeOptions = DecodeOptions(), receivedAt: Int64 = 0) -> [Row] {
  decode(Array(text.utf8), options, receivedAt: receivedAt)
}

/// The one row of a line; nil: none, or several.
func decodeOne(_ text: String, _ options: DecodeOptions = DecodeOptions(), receivedAt: Int64 = 0) -> Row? {
  let rows = decode(text, options, receivedAt: receivedAt)
  return rows.count == 1 ? rows[0] : nil
}

/// Options for a format.
func reading(_ format: SourceFormat) -> DecodeOptions {
  var options = DecodeOptions()
  options.format = format
  // As a config has it that says nothing of it.
  switch format {
  case .segment, .rudderstack, .posthog: options.rememberAccount = true
  case .kizashi, .cloudevents, .custom: break
  }
  return options
}

/// A JSON string of any text.
func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case _ where scalar.value < 0x20:
      let hex = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
