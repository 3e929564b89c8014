/**
 * Why there is no answer: what follows `ERROR ` on the wire (notes on the specification, "What the specification
 * forgets"). A value, not an exception, because a peer may make as many of them as it likes.
 */
export class Refusal {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }

  /** The answer that says so. */
  toString(): string {
    return `ERROR ${this.reason}`
  }
}

export const unknownFunction = new Refusal("unknown function")
export const notANumber = new Refusal("not a number")
export const notAnInteger = new Refusal("not an integer")
export const notHexadecimal = new Refusal("not a hexadecimal number")
export const notBinary = new Refusal("not a binary number")
export const notAnExpression = new Refusal("not an expression")
export const notAnEquation = new Refusal("not an equation")
export const notAVariable = new Refusal("not a variable")
export const unknownName = new Refusal("unknown name")
export const unknownUnit = new Refusal("unknown unit")
export const otherKindOfUnit = new Refusal("units of different kinds")
export const divisionByZero = new Refusal("division by zero")
/** The function has no value there, or none that is a real number. */
export const outsideDomain = new Refusal("outside the domain")
/** A function that has no derivative, or none that can be written. */
export const notDifferentiable = new Refusal("not differentiable")
/** An equation that no real number solves. */
export const noSolution = new Refusal("no solution")
/** An equation that every number solves. */
export const anySolution = new Refusal("any number is a solution")
/** An equation of a higher degree, or of none. */
export const notQuadratic = new Refusal("neither linear nor quadratic")
/** A parameter, or the answer: 10^10000 or more, too long, or more than can be computed. */
export const tooLarge = new Refusal("too large")
/** A parameter, or the answer: nearer to 0 than 10^-9999, and not 0. */
export const tooSmall = new Refusal("too small")
/** It was not answered in the time that a question has. */
export const outOfTime = new Refusal("out of time")
/** A fault of this program, which it logs. */
export const internal = new Refusal("internal error")

/** Of a function that takes a fixed number of parameters, and got another. */
export const parametersExpected = (count: number): Refusal =>
  new Refusal(`${count} parameter${count === 1 ? "" : "s"} expected`)

/** Of a function that takes any number of parameters, and got too few. */
export const atLeast = (count: number): Refusal =>
  new Refusal(`at least ${count} parameter${count === 1 ? "" : "s"} expected`)
