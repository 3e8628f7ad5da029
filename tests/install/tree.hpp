#pragma once

/// Prints what is wrong with a tree file that is not there.
void show_faults_of_missing_tree();
