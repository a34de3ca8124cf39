//! Prints all that it finds around it: arguments, variables, files, standard input. `--write PATH CONTENT` writes a
//! file first, as often as it is given.

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().collect();
    write_files(&arguments)?;
    for argument in &arguments {
        println!("argument {argument}");
    }
    let mut variables: Vec<_> = env::vars().collect();
    variables.sort();
    for (name, value) in variables {
        println!("variable {name}={value}");
    }
    for folder in preopened_folders() {
        println!("preopened {}", folder.display());
        print_files(&folder)?;
    }
    println!("input");
    io::copy(&mut io::stdin(), &mut io::stdout())?;
    Ok(())
}

fn write_files(arguments: &[String]) -> Result<(), String> {
    let mut writes = arguments.windows(3).filter(|window| window[0] == "--write");
    writes.try_for_each(|write| fs::write(&write[1], &write[2]).map_err(|error| format!("{}: {error}", write[1])))
}

/// The standard library opens files in them and lists them nowhere. They are the descriptors from 3 on.
fn preopened_folders() -> Vec<PathBuf> {
    (3..).map_while(preopened_folder).collect()
}

fn preopened_folder(descriptor: wasip1::Fd) -> Option<PathBuf> {
    // SAFETY: of the union's one member no other can be read, and the name has the room that WASI said it takes.
    let name = unsafe {
        let length = wasip1::fd_prestat_get(descriptor).ok()?.u.dir.pr_name_len;
        let mut name = vec![0; length];
        wasip1::fd_prestat_dir_name(descriptor, name.as_mut_ptr(), length).ok()?;
        name
    };
    Some(PathBuf::from(String::from_utf8_lossy(&name).into_owned()))
}

fn print_files(folder: &Path) -> Result<(), Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            print_files(&path)?;
        } else {
            print_file(&path)?;
        }
    }
    Ok(())
}

fn print_file(path: &Path) -> Result<(), Box<dyn Error>> {
    let content = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("file {}: {} bytes", path.display(), content.len());
    io::stdout().write_all(&content)?;
    println!();
    Ok(())
}
