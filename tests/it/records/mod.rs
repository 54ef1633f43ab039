//! People, catalogue, terms, partners, customers and files, through the services and the door.
mod catalogue;
mod imports;
mod people;
mod registers;
mod scene;
mod terms;
