//! Times SqueezeNet by a core module on Wasmtime's wasi-nn with ONNX Runtime: the guest `witx-probe.wasm`, which the browser
//! benchmark runs too. docs/performance.md tells how to build it. It prints JSON: the best class, the median, and all times in
//! milliseconds.

use std::env;
use std::fs;
use std::time::Instant;

use ort::environment::GlobalThreadPoolOptions;
use wasmtime::{Engine, Error, Instance, Linker, Memory, Module, Result, Store, WasmParams};
use wasmtime_wasi_nn::witx::{WasiNnCtx, add_to_linker};

const RUNS: usize = 200;
const WARM_UP: usize = 20;
const CLASSES: u32 = 1000;
const SHAPE: [u32; 4] = [1, 3, 224, 224];
const ONNX: i32 = 1;
const CPU: i32 = 0;
const FP32: u32 = 1;

struct Guest {
    store: Store<WasiNnCtx>,
    instance: Instance,
    memory: Memory,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [guest, model, threads] = arguments.as_slice() else {
        return Err(Error::msg(
            "expected the paths of witx-probe.wasm and of squeezenet.onnx, and a number of threads",
        ));
    };
    limit_threads(threads.parse()?)?;
    let mut guest = Guest::instantiate(guest)?;
    let context = guest.load(&fs::read(model)?)?;
    let elements: u32 = SHAPE.iter().product();
    let pixels: Vec<u8> = (0..elements).flat_map(|index| (index as f32).sin().to_le_bytes()).collect();
    let dimensions = guest.place_words(&SHAPE)?;
    let data = guest.place(&pixels)?;
    let tensor = guest.place_words(&[dimensions, SHAPE.len() as u32, FP32, data, pixels.len() as u32])?;
    let output = guest.place(&[0; 4 * CLASSES as usize])?;
    let written = guest.place_words(&[0])?;
    let mut times = Vec::with_capacity(WARM_UP + RUNS);
    for _ in 0..WARM_UP + RUNS {
        let start = Instant::now();
        guest.expect_success(
            "compute_repeatedly",
            (context as i32, tensor as i32, output as i32, 4 * CLASSES as i32, written as i32, 1),
        )?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    let samples = times.split_off(WARM_UP);
    let mut sorted = samples.clone();
    sorted.sort_by(f64::total_cmp);
    let (class, median) = (guest.best_class(output)?, sorted[RUNS / 2]);
    println!("{{\"class\": {class}, \"median\": {median:.1}, \"milliseconds\": {samples:?}}}");
    Ok(())
}

/// Has all sessions share a pool of so many threads: wasi-nn has no option for it.
fn limit_threads(threads: usize) -> Result<()> {
    let pool = GlobalThreadPoolOptions::default().with_intra_threads(threads).map_err(Error::msg)?;
    ort::init().with_global_thread_pool(pool).commit().map_err(Error::msg)?;
    Ok(())
}

impl Guest {
    /// The guest passes on functions that Wasmtime lacks. It calls none of them.
    fn instantiate(path: &str) -> Result<Self> {
        let engine = Engine::default();
        let module = Module::from_file(&engine, path)?;
        let mut linker: Linker<WasiNnCtx> = Linker::new(&engine);
        add_to_linker(&mut linker, |context| context)?;
        linker.define_unknown_imports_as_traps(&module)?;
        let (backends, registry) = wasmtime_wasi_nn::preload(&[])?;
        let mut store = Store::new(&engine, WasiNnCtx::new(backends, registry));
        let instance = linker.instantiate(&mut store, &module)?;
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| Error::msg("the guest has no memory"))?;
        Ok(Self { store, instance, memory })
    }

    /// Loads an ONNX model. Returns an execution context of it.
    fn load(&mut self, model: &[u8]) -> Result<u32> {
        let address = self.place(model)?;
        let builders = self.place_words(&[address, model.len() as u32])?;
        let out = self.place_words(&[0])?;
        self.expect_success("load", (builders as i32, 1, ONNX, CPU, out as i32))?;
        let graph = self.read_word(out)?;
        self.expect_success("init_execution_context", (graph as i32, out as i32))?;
        self.read_word(out)
    }

    fn best_class(&mut self, output: u32) -> Result<u32> {
        let scores = (0..CLASSES)
            .map(|class| Ok((class, f32::from_bits(self.read_word(output + 4 * class)?))))
            .collect::<Result<Vec<_>>>()?;
        let best = scores.into_iter().max_by(|(_, one), (_, other)| one.total_cmp(other));
        best.map(|(class, _)| class).ok_or_else(|| Error::msg("there is no class"))
    }

    fn place(&mut self, bytes: &[u8]) -> Result<u32> {
        let allocate = self.instance.get_typed_func::<i32, i32>(&mut self.store, "allocate")?;
        let address = allocate.call(&mut self.store, bytes.len() as i32)? as u32;
        self.memory.write(&mut self.store, address as usize, bytes)?;
        Ok(address)
    }

    fn place_words(&mut self, words: &[u32]) -> Result<u32> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.place(&bytes)
    }

    fn read_word(&mut self, address: u32) -> Result<u32> {
        let mut bytes = [0; 4];
        self.memory.read(&self.store, address as usize, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn expect_success(&mut self, name: &str, parameters: impl WasmParams) -> Result<()> {
        let function = self.instance.get_typed_func::<_, i32>(&mut self.store, name)?;
        match function.call(&mut self.store, parameters)? {
            0 => Ok(()),
            errno => Err(Error::msg(format!("{name} answered with errno {errno}"))),
        }
    }
}
