extension StreamPosition {
  /// Bytes of the file at ``path`` at this moment; nil: it is not the file that was read there, it is compressed, or it cannot
  /// be looked at.
  package var sizeOnDisk: Int64? {
    guard !compressed, !path.bytes.isEmpty, case .success(let file) = FileFacts.at(path), file.isRegular else {
      return nil
    }
    let seen = FileIdentity.Observation(
      device: file.device, inode: file.inode, generation: file.generation, birth: file.birth, size: file.size,
      compressed: false, rotatedName: false)
    return FileIdentity.sameInode(seen, self) ? file.size : nil
  }
}
