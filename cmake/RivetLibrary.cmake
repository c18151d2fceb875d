# rivet_library(<layer> SOURCES ... DEPENDS <layers or libraries>): one static library per folder, linked
# only with the layers it may know. *_test.cpp beside the code become one unit test program per folder.
add_library(rivet_options INTERFACE)
target_include_directories(rivet_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(rivet_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
                       -Wno-missing-field-initializers -Werror
                       -Wno-restrict)  # GCC 12 reports std::string::insert falsely (GCC bug 105651)
target_compile_definitions(rivet_options INTERFACE RIVET_VERSION="${PROJECT_VERSION}")
target_link_libraries(rivet_options INTERFACE Threads::Threads fmt::fmt tl::expected)
if(RIVET_SANITIZE)
  target_compile_options(rivet_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                         -fno-omit-frame-pointer
                         -Wno-maybe-uninitialized)  # false positives of <regex> under the sanitizers
  target_link_options(rivet_options INTERFACE -fsanitize=address,undefined)
endif()

function(rivet_library layer)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${layer}/*.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  if(sources)
    add_library(rivet_${layer} STATIC ${sources})
    target_link_libraries(rivet_${layer} PUBLIC rivet_options ${ARG_DEPENDS})
  else()
    add_library(rivet_${layer} INTERFACE)
    target_link_libraries(rivet_${layer} INTERFACE rivet_options ${ARG_DEPENDS})
  endif()
  if(tests AND RIVET_TESTS)
    find_package(GTest REQUIRED)
    include(GoogleTest)
    add_executable(${layer}_test ${tests})
    target_link_libraries(${layer}_test PRIVATE rivet_${layer} GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${layer}_test TEST_PREFIX ${layer}. DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
