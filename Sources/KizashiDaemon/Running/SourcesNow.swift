import KizashiIngest
import KizashiStore

extension StoreReader {
  /// The streams as they are stored, but for how much lies in a followed file: that is looked at now, so that it is true also
  /// where no daemon reads. Where the file is another one by now, or cannot be looked at, the stored figures stay.
  package func sourcesNow() throws(StoreError) -> [SourceStream] {
    try sources().map { stream in
      guard let body = stream.position, let offset = stream.offset, stream.size != nil,
        let position = try? StoredPosition.position(body: body), let size = position.sizeOnDisk
      else { return stream }
      var stream = stream
      stream.size = size
      // Shorter than what was read of it: it was written anew, and all of it is to be read.
      stream.lagBytes = size >= offset ? size - offset : size
      return stream
    }
  }
}
