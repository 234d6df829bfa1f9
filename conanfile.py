"""The recipe for Conan 2: conan create . (Eigen comes from Conan too, unless the profile says that the system has it:
[platform_requires] eigen/3.4.0).
"""

import pathlib
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout


class Tinynet(ConanFile):
    name = "tinynet"
    description = "Header-only C++20 automatic differentiation and small neural nets over Eigen"
    license = "MIT"
    topics = ("automatic-differentiation", "neural-network", "machine-learning", "header-only")
    package_type = "header-library"
    settings = "os", "compiler", "build_type", "arch"
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*"

    def set_version(self):
        header = pathlib.Path(self.recipe_folder, "include/tinynet/core/version.hpp").read_text(encoding="utf-8")
        self.version = re.search(r'version = "([\d.]+)"', header)[1]

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("eigen/[>=3.4]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.clear()

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("BUILD_TESTS", "BUILD_EXAMPLES", "CUDA", "MPI"):
            toolchain.cache_variables[f"TINYNET_{part}"] = "OFF"
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install()

    def package_info(self):
        # tinynet's own CMake package, with its components.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["share/cmake/tinynet"]
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
