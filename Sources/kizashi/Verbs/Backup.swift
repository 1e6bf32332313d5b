import ArgumentParser
import Foundation
import KizashiStore

/// `kizashi backup FILE`
struct Backup: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Copy the store into one file, while the daemon runs.",
    discussion: """
      The copy is of one instant, complete, and a store of its own: `kizashi accounts --db FILE` reads it. An existing \
      file is never overwritten.

      Examples:
        kizashi backup /var/backups/kizashi-$(date +%F).db
      """)

  @OptionGroup var store: StoreOptions

  @Argument(help: "The file to be made.", completion: .file())
  var file: String

  func run() throws {
    let session = try Session(store)
    // A store that is not there and a copy that cannot be made are different mistakes.
    _ = try session.reader()
    do {
      try Store.backup(of: session.storePath, to: file)
    } catch {
      throw Failure(error.reason == .busy ? .temporary : .cannotCreate, error.description)
    }
    let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int64) ?? 0
    try Output.write("\(Visible.text(file)): \(Wording.bytes(size)).\n")
  }
}
