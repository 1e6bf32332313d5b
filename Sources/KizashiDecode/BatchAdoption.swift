import CSimdjson
import KizashiCore

extension EventBatch {
  /// Takes over the shim's columns: one copy per column, whatever the number of rows.
  mutating func adopt(_ rows: ks_rows) {
    Self.copy(rows.text, rows.text_length, into: &text)
    Self.copy(rows.kind, rows.row_count, into: &kind)
    Self.copy(rows.instant, rows.row_count, into: &instant)
    Self.copy(rows.count, rows.row_count, into: &count)
    Self.copy(rows.line, rows.row_count, into: &line)
    Self.copy(rows.matches, rows.matches == nil ? 0 : rows.row_count, into: &matches)
    Self.copy(rows.account, rows.row_count, into: &account)
    Self.copy(rows.user, rows.row_count, into: &user)
    Self.copy(rows.event, rows.row_count, into: &event)
    Self.copy(rows.id, rows.row_count, into: &id)
    Self.copy(rows.lines, rows.line_count, into: &lines)

    amounts.removeAll(keepingCapacity: true)
    for amount in UnsafeBufferPointer(start: rows.amounts, count: rows.amount_count) {
      amounts.append(Amount(row: Int(amount.row), property: Int(amount.property), micros: Int128(amount.micros)))
    }
    refusals.removeAll(keepingCapacity: true)
    for refusal in UnsafeBufferPointer(start: rows.refusals, count: rows.refusal_count) {
      guard let reason = RefusalReason(rawValue: refusal.reason) else { continue }
      refusals.append((Int(refusal.row), reason))
    }
    records.removeAll(keepingCapacity: true)
    for record in UnsafeBufferPointer(start: rows.records, count: rows.record_count) {
      records.append((Int(record.row), makeRecord(record, of: rows)))
    }
  }

  private static func copy<Element>(
    _ source: UnsafePointer<Element>?, _ count: Int, into column: inout [Element]
  ) {
    column.removeAll(keepingCapacity: true)
    column.append(contentsOf: UnsafeBufferPointer(start: source, count: count))
  }

  private static func copy(_ source: UnsafePointer<ks_range>?, _ count: Int, into column: inout [TextRange]) {
    let ranges = UnsafeRawPointer(source)?.assumingMemoryBound(to: TextRange.self)
    copy(ranges, count, into: &column)
  }

  private func makeRecord(_ record: ks_record, of rows: ks_rows) -> Record {
    let text = UnsafeRawBufferPointer(start: rows.record_text, count: rows.record_text == nil ? 0 : Int.max)
    func string(_ range: ks_range) -> String {
      let start = Int(range.offset)
      return String(decoding: UnsafeRawBufferPointer(rebasing: text[start..<start + Int(range.length)]), as: UTF8.self)
    }
    let first = Int(record.first_field)
    var fields: [(name: String, value: Scalar)] = []
    var seen = Set<String>(minimumCapacity: Int(record.field_count))
    fields.reserveCapacity(Int(record.field_count))
    // From the back, so that the last of repeated keys is the one that is kept; a nested one hides the others too.
    for index in (first..<first + Int(record.field_count)).reversed() {
      let field = rows.record_fields[index]
      let name = string(field.name)
      guard seen.insert(name).inserted, let value = scalar(field, string) else { continue }
      fields.append((name, value))
    }
    fields.reverse()
    let kind = Record.Kind(rawValue: record.kind) ?? .track
    return Record(
      kind: kind, event: kind == .track ? self.string(event[Int(record.row)]) : "", fields: fields,
      line: string(record.line))
  }

  private func scalar(_ field: ks_record_field, _ string: (ks_range) -> String) -> Scalar? {
    switch ks_scalar_kind(UInt32(field.kind)) {
    case ks_scalar_null: .null
    case ks_scalar_false: .bool(false)
    case ks_scalar_true: .bool(true)
    case ks_scalar_number: .number(string(field.value))
    case ks_scalar_string: .string(string(field.value))
    default: nil
    }
  }
}
