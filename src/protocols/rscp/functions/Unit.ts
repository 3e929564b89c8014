/**
 * Units of measure, by their symbols, each by its definition: a whole number or a ratio of two of the base unit of its
 * kind, exactly. (The factors of mathjs are rounded, some to four digits.)
 *
 * Symbols are case-sensitive, as those of the SI are: `mW` is not `MW`.
 *
 * Pure: imports nothing of Node.
 */
import { type Decimal, Exact, settle, Working } from "./Decimal.ts"
import { pi } from "./Angle.ts"

/** A unit: so much of the base unit of its kind, counted from so far. */
export class Unit {
  readonly symbol: string
  readonly kind: string
  private readonly numerator: Decimal
  private readonly denominator: Decimal
  /** What is added before the factor applies: temperatures do not share a zero. */
  private readonly offset: Decimal

  constructor(symbol: string, kind: string, numerator: Decimal, denominator: Decimal, offset: Decimal) {
    this.symbol = symbol
    this.kind = kind
    this.numerator = numerator
    this.denominator = denominator
    this.offset = offset
  }

  /** So much of this unit in another of the same kind; rounded once, at the division. */
  to(value: Decimal, unit: Unit): Decimal {
    if (unit === this) return value
    const dividend = Exact.add(value, this.offset).times(this.numerator).times(unit.denominator)
    const quotient = Working.div(dividend, Exact.mul(this.denominator, unit.numerator))
    return unit.offset.isZero() ? settle(quotient) : settle(Exact.sub(quotient, unit.offset))
  }
}

/** The unit of a symbol. */
export const bySymbol = (symbol: string): Unit | undefined => table().get(symbol)

/** Every unit, by kind. */
export const all = (): Iterable<Unit> => table().values()

/** `symbol factor`, one after another; a factor is a number, or two with a slash. */
const kinds: Record<string, string> = {
  length: `m 1  km 1e3  dm 0.1  cm 0.01  mm 1e-3  um 1e-6  nm 1e-9  pm 1e-12  angstrom 1e-10
    in 0.0254  ft 0.3048  yd 0.9144  mi 1609.344  nmi 1852  fathom 1.8288  rod 5.0292  chain 20.1168
    furlong 201.168  mil 0.0000254  au 149597870700  ly 9460730472580800`,
  area: `m2 1  km2 1e6  dm2 0.01  cm2 1e-4  mm2 1e-6  a 100  ha 1e4
    in2 0.00064516  ft2 0.09290304  yd2 0.83612736  mi2 2589988.110336  acre 4046.8564224`,
  volume: `m3 1  dm3 1e-3  cm3 1e-6  mm3 1e-9  l 1e-3  hl 0.1  dl 1e-4  cl 1e-5  ml 1e-6
    in3 0.000016387064  ft3 0.028316846592  yd3 0.764554857984  gal 0.003785411784  qt 0.000946352946
    pt 0.000473176473  cup 0.0002365882365  floz 0.0000295735295625  tbsp 0.00001478676478125
    tsp 0.00000492892159375  ukgal 0.00454609  ukpt 0.00056826125  ukfloz 0.0000284130625  bbl 0.158987294928`,
  mass: `kg 1  g 1e-3  mg 1e-6  ug 1e-9  t 1e3  lb 0.45359237  oz 0.028349523125  gr 0.00006479891
    st 6.35029318  ton 907.18474  ukton 1016.0469088  ozt 0.0311034768  ct 0.0002`,
  time: `s 1  ms 1e-3  us 1e-6  ns 1e-9  min 60  h 3600  d 86400  week 604800  year 31557600`,
  speed: `m/s 1  km/h 5/18  mph 0.44704  kn 463/900  ft/s 0.3048`,
  acceleration: `m/s2 1  gn 9.80665  Gal 0.01  ft/s2 0.3048`,
  force: `N 1  kN 1e3  MN 1e6  dyn 1e-5  kgf 9.80665  lbf 4.4482216152605`,
  pressure: `Pa 1  hPa 100  kPa 1e3  MPa 1e6  GPa 1e9  mbar 100  bar 1e5  atm 101325  Torr 20265/152
    psi 4.4482216152605/0.00064516`,
  energy: `J 1  kJ 1e3  MJ 1e6  GJ 1e9  Wh 3600  kWh 3.6e6  MWh 3.6e9  cal 4.184  kcal 4184  erg 1e-7
    eV 1.602176634e-19  BTU 1055.05585262  ftlbf 1.3558179483314004`,
  power: `W 1  mW 1e-3  kW 1e3  MW 1e6  GW 1e9  hp 745.69987158227022  PS 735.49875`,
  frequency: `Hz 1  kHz 1e3  MHz 1e6  GHz 1e9  rpm 1/60`,
  information: `bit 1  kbit 1e3  Mbit 1e6  Gbit 1e9  B 8  kB 8e3  MB 8e6  GB 8e9  TB 8e12
    KiB 8192  MiB 8388608  GiB 8589934592  TiB 8796093022208`,
  angle: `deg 1  arcmin 1/60  arcsec 1/3600  gon 0.9  turn 360`
}

/** Kelvins a degree, and how many of its degrees lie below its zero. */
const temperatures: ReadonlyArray<readonly [symbol: string, factor: string, offset: string]> = [
  ["K", "1", "0"],
  ["degC", "1", "273.15"],
  ["degF", "5/9", "459.67"],
  ["degR", "5/9", "0"]
]

/** The units by their symbols, made when they are first asked for: a server starts without them. */
const table = (): ReadonlyMap<string, Unit> =>
  (made ??= new Map([...units()].map((unit) => [unit.symbol, unit])))
let made: ReadonlyMap<string, Unit> | undefined

function* units(): Generator<Unit> {
  for (const [kind, list] of Object.entries(kinds)) {
    const words = list.split(/\s+/)
    for (let at = 0; at < words.length; at += 2) yield unit(words[at]!, kind, words[at + 1]!)
  }
  yield new Unit("rad", "angle", new Working(180), pi, new Working(0))
  for (const [symbol, factor, offset] of temperatures) yield unit(symbol, "temperature", factor, offset)
}

function unit(symbol: string, kind: string, factor: string, offset = "0"): Unit {
  const [numerator, denominator = "1"] = factor.split("/")
  return new Unit(symbol, kind, new Exact(numerator!), new Exact(denominator), new Exact(offset))
}
