// Package wheel is a hierarchical timing wheel: it holds a loop's deadlines, starts and stops one in constant time, and
// allocates nothing.
//
// It is scheme 7 of G. Varghese and T. Lauck, "Hashed and Hierarchical Timing Wheels: Data Structures for the Efficient
// Implementation of a Timer Facility", SOSP 1987. A tick is one millisecond. Each of eleven levels has 64 slots; a slot
// of level n spans 64^n ticks, so that the levels together span every int64. The departures from the paper:
//
//  1. A timer's level is where its tick and the wheel's cursor first differ, read as digits of base 64. So all timers
//     of one level are due before all timers of the level above, and the slots of a level never wrap around.
//  2. A bitmap for each level says which slots are in use, so that the cursor jumps from one slot in use to the next.
//     The paper visits every tick; here a clock that jumps by hours costs no more than the timers that it makes due.
//  3. A timer armed for a time that has passed goes to a list of its own, which the next Advance fires first. So one
//     Advance fires each timer once at most, even one that arms itself again for the past.
//
// Costs: Arm and Cancel are O(1); Next is O(1); Advance moves each timer down at most ten levels over its whole life.
//
// A Wheel and its timers belong to one goroutine.
package wheel
