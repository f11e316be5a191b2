//! The searches of the memchr crate, for the driver two directories above.
//!
//! Descriptor 3 holds the texts and the literals. Each line on standard input asks for one batch:
//!
//! ```text
//! work literal-offset literal-length text-offset text-length iterations
//! ```
//!
//! and is answered by one line on standard output: nanoseconds for all iterations, and the answer that each of them
//! gave. The first line on standard output says what was built. What goes wrong is a panic.

mod texts;

use memchr::{memchr_iter, memmem};
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::time::Instant;

/// Starts a search for a literal, and returns what searches a text for it.
type Work = for<'a> fn(&'a [u8]) -> Box<dyn Fn(&[u8]) -> u64 + 'a>;

const WORKS: [(&str, Work); 3] = [
    ("first_memmem", |literal| {
        let finder = memmem::Finder::new(literal);
        Box::new(move |text| finder.find(text).map_or(u64::MAX, |at| at as u64))
    }),
    ("every_memmem", |literal| {
        let finder = memmem::Finder::new(literal);
        Box::new(move |text| pack(finder.find_iter(text)))
    }),
    ("every_memchr", |literal| {
        let byte = literal[0];
        Box::new(move |text| pack(memchr_iter(byte, text)))
    }),
];

/// Consumes elements and answers as the driver wants it: their number, and the sum of the places where their contents
/// end.
#[inline(always)]
fn pack(ends: impl Iterator<Item = usize>) -> u64 {
    let (mut count, mut sum) = (0u64, 0u64);
    for end in ends {
        count += 1;
        sum += end as u64;
    }
    count << 40 | sum
}

fn batch(search: &dyn Fn(&[u8]) -> u64, text: &[u8], iterations: u64) -> (u128, u64) {
    let answer = search(text);
    let mut differ = 0;
    let begin = Instant::now();
    for _ in 0..iterations {
        differ |= search(black_box(text)) ^ answer;
    }
    let elapsed = begin.elapsed().as_nanos();
    assert_eq!(differ, 0, "two iterations, two answers");
    (elapsed, answer)
}

fn main() -> io::Result<()> {
    let texts = texts::map()?;
    let mut out = io::stdout().lock();
    let or_unknown = |version: Option<&'static str>| version.unwrap_or("of an unknown version");
    writeln!(
        out,
        "memchr {}, {}",
        or_unknown(option_env!("MEMCHR_VERSION")),
        or_unknown(option_env!("RUSTC_VERSION"))
    )?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split_ascii_whitespace();
        let name = words.next().expect("a line without a word");
        let n: Vec<usize> = words.map(|w| w.parse().expect("not a number")).collect();
        let &[literal, literal_len, text, text_len, iterations] = &n[..] else {
            panic!("not five numbers: {line}");
        };
        let (_, work) = WORKS.iter().find(|w| w.0 == name).expect("unknown work");
        let search = work(&texts[literal..][..literal_len]);
        let (elapsed, answer) = batch(&*search, &texts[text..][..text_len], iterations as u64);
        writeln!(out, "{elapsed} {answer}")?;
        out.flush()?;
    }
    Ok(())
}
