//! Ends in a trap.

fn main() {
    println!("about to trap");
    std::process::abort();
}
