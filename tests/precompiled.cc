// Carries the precompiled headers that tests/CMakeLists.txt lists.
int main() {}
