import { stat, statfs } from 'node:fs/promises'
import { parse } from 'node:path'
import type { Row } from '../model/row.ts'
import { percent, type Machine, type SystemReader } from './system-part.ts'

export interface Mount {
  readonly device: string
  readonly mount: string
  readonly type: string
}

/** File systems that lie on a disk of this machine: a remote one may hang, the kernel's own hold nothing. */
const local = /^(ext[234]|xfs|btrfs|zfs|f2fs|jfs|reiserfs|vfat|exfat|ntfs3?|fuseblk|overlay)$/

/** /proc/mounts, with its escapes (`\040` is a space); of a device mounted more than once the first mount. */
export function mountsOfProc(text: string): Mount[] {
  const byDevice = new Map<string, Mount>()
  const unescape = (field: string) => field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  for (const line of text.split('\n')) {
    const [device = '', mount = '', type = ''] = line.split(' ').map(unescape)
    // Every overlay is called overlay: there the mount tells them apart.
    const identity = device.startsWith('/') ? device : mount
    if (local.test(type) && !byDevice.has(identity)) byDevice.set(identity, { device, mount, type })
  }
  return [...byDevice.values()]
}

function rootMount(): Mount {
  const { root } = parse(process.cwd())
  return { device: root, mount: root, type: 'unknown' }
}

async function spaceOf({ device, mount, type }: Mount): Promise<Row | undefined> {
  try {
    // A container mounts single files of a disk, which are no place to look for space.
    if (!(await stat(mount)).isDirectory()) return undefined
    const { bsize, blocks, bfree, bavail } = await statfs(mount)
    if (blocks === 0) return undefined
    const usedBytes = (blocks - bfree) * bsize
    const availableBytes = bavail * bsize
    // As df counts: what is kept for root is neither used nor available.
    const usedPercent = percent(usedBytes, usedBytes + availableBytes)
    return { mount, device, type, totalBytes: blocks * bsize, usedBytes, availableBytes, usedPercent }
  } catch (error) {
    // Unmounted meanwhile, or not ours to see: it is not listed.
    if (['ENOENT', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** A row per disk that is mounted: its space. */
export function disksReader({ readText }: Pick<Machine, 'readText'>): SystemReader {
  return {
    key: 'mount',
    async read() {
      const text = await readText('/proc/mounts')
      const rows = await Promise.all((text === undefined ? [rootMount()] : mountsOfProc(text)).map(spaceOf))
      return rows.filter(row => row !== undefined)
    },
    close: () => undefined,
  }
}
