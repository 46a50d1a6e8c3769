//! A small site with inspection endpoints.
