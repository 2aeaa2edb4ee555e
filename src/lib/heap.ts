import { getHeapStatistics } from 'node:v8'

/** How full the heap of this process is, garbage included, from 0 to 1 of what V8 lets it grow to. */
export function heapPart(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  return used / limit
}
