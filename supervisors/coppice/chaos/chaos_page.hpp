#pragma once

#include <string>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_verdict.hpp>

namespace coppice {

/// The run as one HTML page that needs nothing else, no network, no other file: verdict, table, and a timeline of every
/// process's lives to zoom into. Without JavaScript it has the table and a picture of the whole.
///
/// The same record gives the same bytes. No text in it can become markup.
std::string chaos_page(const chaos_record& record, const chaos_figures& figures, const chaos_verdict& verdict);

}  // namespace coppice
