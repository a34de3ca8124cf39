//! Ends with the exit code that its argument says.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let code = std::env::args().nth(1).ok_or("an exit code must be given")?;
    std::process::exit(code.parse()?);
}
