// An empty source, compiled with the precompiled headers that tests/CMakeLists.txt lists.
int main() {}
