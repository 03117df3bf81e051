/** The data directory, or the database in it, cannot be made, opened or written. The message names it and says what to do. */
export class DataDirError extends Error {
  override name = 'DataDirError'
}

/** Another process has the database of the data directory open, or this one has, twice. */
export class DataDirInUseError extends DataDirError {
  override name = 'DataDirInUseError'
}

/** The disk has no room for another row, or a limit of the process or the user has none. What is there can be read. */
export class DiskFullError extends DataDirError {
  override name = 'DiskFullError'
}

/** What systems call it, in the words of the C library and of Node.js. */
const FULL = /No space left on device|Disk quota exceeded|File too large|ENOSPC|EDQUOT|EFBIG/

/** What they call it when this process, or the whole system, may open no more files. */
const TOO_MANY_FILES = /too many open files|EMFILE|ENFILE/i

/** What the system says if `err` is about a lack of room. */
export function fullReason (err: unknown): string | undefined {
  return FULL.exec(textOf(err))?.[0]
}

/** What to do about `err`, which is not about room: `usual`, unless the database is not at fault. */
export function adviceFor (err: unknown, usual: string): string {
  return TOO_MANY_FILES.test(textOf(err)) ? 'raise the limit of open files, "ulimit -n"' : usual
}

/** The {@link DataDirError} for what failed when the database in `dir` was to be written. */
export function writeError (dir: string, cause: unknown): DataDirError {
  const full = fullReason(cause)
  if (full != null) {
    return new DiskFullError(`the disk is full (${full}): make room for ${dir}; what is there can be read, and writes work again by themselves`, { cause })
  }
  return cause instanceof DataDirError ? cause : new DataDirError(`the database in ${dir} cannot be written (${textOf(cause)}): ${adviceFor(cause, 'is its disk sound, and can this user write to it?')}`, { cause })
}

/** What went wrong, in one line: the innermost reason says it best. */
export function textOf (err: unknown): string {
  if (!(err instanceof Error)) {
    return String(err)
  }
  return err.cause instanceof Error ? textOf(err.cause) : err.message
}
