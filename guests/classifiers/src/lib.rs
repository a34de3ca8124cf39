//! A guest whose classifiers the caller holds as resources: it makes, passes, lends and drops them.

mod living;
mod model;

use exports::wasi_nn_web::classifiers::api::{
    Classifier, ClassifierBorrow, Guest, GuestClassifier, GuestEager, GuestTicket, Labelled, Ticket, TicketBorrow,
};
use living::Living;
use model::Model;

wit_bindgen::generate!({
    path: ["../../wit/wasi-nn/0.2.0-rc-2024-10-28", "../../wit/guests/classifiers"],
    world: "wasi-nn-web:classifiers/classifiers",
    generate_all,
});

struct Classifiers;

export!(Classifiers);

struct Ensemble {
    models: Vec<Model>,
    _living: Living,
}

struct Loaded {
    _living: Living,
}

struct Number {
    number: u32,
    _living: Living,
}

impl Guest for Classifiers {
    type Classifier = Ensemble;
    type Eager = Loaded;
    type Ticket = Number;

    fn same(one: ClassifierBorrow<'_>, other: ClassifierBorrow<'_>) -> bool {
        one.get::<Ensemble>().models() == other.get::<Ensemble>().models()
    }

    fn take(classifier: Classifier) -> Vec<String> {
        classifier.get::<Ensemble>().models()
    }

    fn find(model: String) -> Option<Classifier> {
        (!model.is_empty()).then(|| Classifier::new(Ensemble::new(model)))
    }

    fn create_all(models: Vec<String>) -> Vec<Classifier> {
        models.into_iter().map(|model| Classifier::new(Ensemble::new(model))).collect()
    }

    fn swap((list, option): (Vec<Labelled>, Option<Classifier>)) -> (Option<Classifier>, Vec<Labelled>) {
        (option, list)
    }

    fn judge(classifier: Classifier, good: bool) -> Result<Classifier, Labelled> {
        if good { Ok(classifier) } else { Err(Labelled { label: "bad".into(), classifier }) }
    }

    fn issue(number: u32) -> Ticket {
        Ticket::new(Number { number, _living: Living::new() })
    }

    fn redeem(ticket: TicketBorrow<'_>) -> u32 {
        ticket.get::<Number>().number
    }

    fn living() -> u32 {
        Living::count()
    }
}

impl GuestClassifier for Ensemble {
    fn new(model: String) -> Self {
        Self { models: vec![Model::named(model)], _living: Living::new() }
    }

    fn models(&self) -> Vec<String> {
        self.models.iter().map(|model| model.name.clone()).collect()
    }

    fn classify(&self, pixels: Vec<f32>) -> Result<Vec<f32>, String> {
        let mut sums = Vec::new();
        for model in &self.models {
            let scores = model.compute(&pixels)?;
            sums.resize(scores.len(), 0.0);
            sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
        }
        Ok(sums.into_iter().map(|sum| sum / self.models.len() as f32).collect())
    }

    fn merge(classifiers: Vec<Classifier>) -> Classifier {
        let models =
            classifiers.into_iter().flat_map(|classifier| classifier.into_inner::<Ensemble>().models).collect();
        Classifier::new(Ensemble { models, _living: Living::new() })
    }
}

impl GuestEager for Loaded {
    fn new(model: String) -> Self {
        // Whether the model exists does not matter: asking for it is what takes time.
        drop(Model::named(model).compute(&[]));
        Self { _living: Living::new() }
    }
}

impl GuestTicket for Number {}
