//! What is handed out of open documents: their views, which are made again only where something changed.

use std::sync::Arc;

use super::{Documents, Unit, tracked::EarlierViews};
use crate::{
    cells::{End, Format},
    session::{BlockView, DocumentKey, DocumentView, snapshot::Texts},
};

impl Documents {
    /// The view of a document.
    pub(in crate::session) fn view(&mut self, key: &DocumentKey) -> Option<Arc<DocumentView>> {
        let unit = self.units.get_mut(key)?;
        let notebook = unit.notebook.as_ref().and_then(|notebook| self.notebooks.get(notebook));
        let end = notebook.map(|notebook| &notebook.end);
        Some(unit.view(key, end))
    }

    /// The texts that belong together with a document, and its index among them.
    pub(in crate::session) fn texts(&mut self, key: &DocumentKey) -> Option<(Arc<Texts>, usize)> {
        let unit = self.units.get_mut(key)?;
        if let Some(notebook) = unit.notebook.clone()
            && let Some(texts) = self.texts_of_notebook(&notebook)
        {
            let nth = self.units.get(key)?.nth;
            if texts.get(nth).is_some_and(|view| view.key == *key) {
                return Some((texts, nth));
            }
        }
        let view = self.view(key)?;
        let unit = self.units.get_mut(key)?;
        let wish = Arc::clone(unit.index.after().wish());
        let alone = || Arc::new(Texts::new(vec![view], Vec::new(), wish));
        Some((Arc::clone(unit.texts.get_or_insert_with(alone)), 0))
    }

    fn texts_of_notebook(&mut self, key: &DocumentKey) -> Option<Arc<Texts>> {
        let notebook = self.notebooks.get_mut(key)?;
        let outdated = std::mem::take(&mut notebook.outdated);
        let views = match &notebook.texts {
            Some(texts) if outdated.is_empty() => return Some(Arc::clone(texts)),
            Some(texts) => {
                let mut views = texts.to_vec();
                for cell in &outdated {
                    let Some(unit) = self.units.get_mut(cell) else { continue };
                    if let Some(view) = views.get_mut(unit.nth).filter(|view| view.key == *cell) {
                        *view = unit.view(cell, Some(&notebook.end));
                    }
                }
                views
            }
            None => {
                let mut views = Vec::with_capacity(notebook.order.len());
                for cell in &notebook.order {
                    let Some(unit) = self.units.get_mut(cell) else { continue };
                    unit.nth = views.len();
                    views.push(unit.view(cell, Some(&notebook.end)));
                }
                views
            }
        };
        let numbered = (0..).zip(&notebook.order).filter(|(_, cell)| self.units.contains_key(*cell));
        let numbers = numbered.map(|(number, _)| number).collect();
        let texts = Arc::new(Texts::new(views, numbers, Arc::clone(notebook.end.carry.wish())));
        notebook.texts = Some(Arc::clone(&texts));
        Some(texts)
    }

    /// Notes that the view of a text is outdated.
    pub(super) fn outdate(&mut self, key: &DocumentKey) {
        let Some(unit) = self.units.get_mut(key) else { return };
        unit.outdate();
        if let Some(notebook) = unit.notebook.as_ref().and_then(|notebook| self.notebooks.get_mut(notebook))
            && notebook.texts.is_some()
        {
            notebook.outdated.push(key.clone());
        }
    }
}

impl Unit {
    /// Its view. `end`: the end of its notebook, if it is in one.
    fn view(&mut self, key: &DocumentKey, end: Option<&End>) -> Arc<DocumentView> {
        if let Some(view) = &self.view {
            return Arc::clone(view);
        }
        let earlier = self.earlier.take().and_then(Arc::into_inner);
        let mut earlier = EarlierViews::new(earlier.map(|view| view.cells).unwrap_or_default());
        let notable = self.index.notable_blocks();
        let (mut cells, mut blocks) = (Vec::with_capacity(notable.len()), Vec::with_capacity(notable.len()));
        for (number, block) in notable {
            let first = cells.len();
            for cell in &self.blocks[number] {
                let number = u32::try_from(cells.len()).unwrap_or(u32::MAX);
                cells.push(cell.view(block, number, &mut earlier));
            }
            let (px_cells, local_lines, set_up) = (first..cells.len(), block.local_lines, block.set_up);
            if !px_cells.is_empty() || set_up.is_some() {
                let marker = block.is_marked.then_some(block.line);
                blocks.push(BlockView { number, marker, px_cells, local_lines, set_up });
            }
        }
        let view = Arc::new(DocumentView {
            key: key.clone(),
            id: self.id(),
            text: self.text.clone(),
            dialect: self.index.dialect(),
            wanted: self.index.wanted(),
            format: self.index.format(),
            divided: self.index.format().is_none_or(|known| known.format != Format::Ipython),
            cells,
            blocks,
            ranges: self.index.ranges().collect(),
            problems: self.lints.problems(&self.index, end.unwrap_or(&self.index.end())),
            unreadable: self.index.error().map(ToString::to_string),
            views: self.index.after().suffixes().map(str::to_owned).collect(),
            aliases: self.index.after().aliases().collect(),
            notebook: self.index.notebook_lines(),
            deciding: self.index.deciding().collect(),
        });
        self.view = Some(Arc::clone(&view));
        view
    }

    pub(super) fn outdate(&mut self) {
        self.texts = None;
        self.earlier = self.view.take().or(self.earlier.take());
    }
}
