import Foundation
import Testing
import Yams

@testable import KizashiConfig

@Suite struct `The JSON Schema` {
  private let schema: JSONSchema

  init() throws { schema = try JSONSchema(at: repository.appending(path: "config/kizashi.schema.json")) }

  @Test func `has the keys the reader knows, no more and no fewer`() {
    for shape in Shape.all {
      let definition = schema.definition(shape.name)
      let keys = (definition?["properties"] as? [String: Any] ?? [:]).keys.sorted()
      #expect(keys == shape.keys.sorted(), "\(shape.name)")
      let takesNames = definition?["additionalProperties"] is [String: Any]
      #expect(takesNames == shape.takesNames, "\(shape.name)")
    }
    let known = Set(Shape.all.map(\.name))
    for (name, definition) in schema.definitions where definition["properties"] != nil {
      #expect(known.contains(name), "nothing reads \(name)")
    }
  }

  @Test(arguments: shippedConfigs)
  func `accepts the distribution's configs`(name: String) throws {
    let text = try String(contentsOf: repository.appending(path: "config/\(name)"), encoding: .utf8)
    #expect(try schema.complaint(about: text) == nil)
  }

  @Test func `accepts the spec's example`() throws {
    #expect(try schema.complaint(about: specExample) == nil)
  }

  @Test func `takes a section with nothing in it as the reader does`() throws {
    // As it is left where all of it is commented out.
    for key in schema.definition("")?["properties"] as? [String: Any] ?? [:] {
      let text = key.key == "version" ? "version:\n" : "version: 1\n\(key.key):\n"
      let isRead = (try? parse(text)) != nil
      #expect(try (schema.complaint(about: text) == nil) == isRead, "\(key.key)")
    }
  }

  @Test(arguments: laterKeys)
  func `refuses what later versions read`(text: String, name: String) throws {
    #expect(try schema.complaint(about: text) != nil)
  }

  @Test func `refuses most wrong values`() throws {
    // A schema cannot know what a name refers to, or compare two numbers; those mistakes only the reader finds.
    let accepted = try wrongValues.filter { try schema.complaint(about: $0.0) == nil }.map(\.1)
    #expect(accepted.count < wrongValues.count / 2, "\(accepted)")
  }

  @Test func `has a description for every key an operator chooses a value for`() {
    for (name, definition) in schema.definitions {
      for (key, value) in definition["properties"] as? [String: Any] ?? [:] {
        guard let value = value as? [String: Any], let type = value["type"] as? String,
          ["string", "integer", "boolean"].contains(type), !["join", "split", "constant"].contains(name)
        else { continue }
        #expect(value["description"] != nil, "\(name).\(key)")
      }
    }
  }
}
