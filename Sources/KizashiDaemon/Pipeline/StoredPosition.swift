import Foundation
import KizashiCore
import KizashiIngest
import KizashiStore

/// Stream positions as the store keeps them.
enum StoredPosition {
  static func row(_ position: StreamPosition, source: Int) -> StreamRow {
    StreamRow(
      key: StreamKey(source: source, key: position.key), path: position.path.bytes, offset: position.offset,
      size: position.compressed ? nil : position.size, finished: position.finished, state: "following",
      body: Array(json(position).utf8))
  }

  static func position(_ row: StreamRow) throws -> StreamPosition {
    try position(body: row.body)
  }

  static func position(body: [UInt8]) throws -> StreamPosition {
    try JSONDecoder().decode(StreamPosition.self, from: Data(body))
  }

  /// What `JSONEncoder` would write, in a tenth of its time: each commit has a position for each file and producer that had
  /// lines in it, a hundred times a second, and encoding them took a twentieth of a running daemon's time.
  private static func json(_ position: StreamPosition) -> String {
    var json = JSONText()
    json.beginObject()
    func field(_ name: String, _ number: (some BinaryInteger)?) {
      guard let number else { return }
      json.key(name)
      json.raw(String(number))
    }
    func field(_ name: String, _ string: String?) {
      guard let string else { return }
      json.key(name)
      json.value(string)
    }
    func field(_ name: String, _ digest: StreamPosition.Digest) {
      json.key(name)
      json.beginObject()
      field("length", digest.length)
      field("hash", digest.hash)
      json.endObject()
    }
    field("source", position.source)
    field("key", position.key)
    field("path", position.path.description)
    field("device", position.device)
    field("inode", position.inode)
    field("generation", position.generation)
    field("birth", position.birth)
    field("head", position.head)
    field("tail", position.tail)
    json.key("trail")
    json.beginArray()
    for mark in position.trail.marks { json.raw("[\(mark.offset),\(mark.tail.length),\(mark.tail.hash)]") }
    json.endArray()
    field("machineStart", position.machineStart?.seconds)
    field("offset", position.offset)
    field("size", position.size)
    json.key("compressed")
    json.raw(position.compressed ? "true" : "false")
    field("lines", position.lines)
    field("ending", position.ending?.rawValue)
    json.endObject()
    return json.text
  }
}
