/**
 * What the system tells about processes and the machine. It comes from `/proc`; where there is none, figures
 * are NaN, and the tables show them as not known.
 */
import { readFileSync } from "node:fs"
import { cpus, release } from "node:os"

const ticksPerSecond = 100

const procFile = (name: string): string => {
  try {
    return readFileSync(`/proc/${name}`, "utf8")
  } catch {
    return ""
  }
}

/** The processor time in seconds that a process has had, all its threads together. */
export const processorSeconds = (pid: number): number => {
  const stat = procFile(`${pid}/stat`)
  // The name of the program, in parentheses, may hold spaces: the fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/**
 * The processor time in seconds that everything on the machine has had, all cores together, with what a hypervisor
 * took away from it.
 */
export const machineSeconds = (): number => {
  const [, user, nice, system, , , interrupts, softInterrupts, stolen] = procFile("stat")
    .split(/\s+/)
    .map(Number)
  return (user! + nice! + system! + interrupts! + softInterrupts! + stolen!) / ticksPerSecond
}

/** The resident memory of a process in KiB. */
export const residentKiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(procFile(`${pid}/status`))?.[1])

/** One line on what the numbers were measured with. */
export const machineFacts = (): string => {
  const all = cpus()
  const model = all[0]?.model.trim() ?? "unknown CPU"
  return `${model}, ${all.length} cores, Node.js ${process.versions.node}, ${process.platform} ${release()}`
}

/** Reads what `JSON.stringify` made of an object of figures: it has no NaN, and writes null. */
export const parseFigures = (json: string): unknown => JSON.parse(json, (_, value: unknown) => value ?? NaN)
