# `cmake --install build --prefix DIR`: the program, its manual page and its completions. These are what the program
# itself prints, so they are written when it is installed. The libraries stay where the build found them.
include(GNUInstallDirs)

set_target_properties(rivet PROPERTIES INSTALL_RPATH "${CMAKE_BUILD_RPATH}")
install(TARGETS rivet RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# rivet_install_printed(<arguments> <folder> <file>): installs what `rivet <arguments>` prints.
function(rivet_install_printed arguments folder file)
  set(printed ${CMAKE_BINARY_DIR}/printed/${file})
  install(CODE "
    file(MAKE_DIRECTORY \"${CMAKE_BINARY_DIR}/printed\")
    execute_process(COMMAND \"${CMAKE_BINARY_DIR}/rivet\" ${arguments} OUTPUT_FILE \"${printed}\" COMMAND_ERROR_IS_FATAL ANY)")
  install(FILES ${printed} DESTINATION ${folder})
endfunction()

rivet_install_printed("man" ${CMAKE_INSTALL_MANDIR}/man1 rivet.1)
rivet_install_printed("completions bash" ${CMAKE_INSTALL_DATADIR}/bash-completion/completions rivet)
rivet_install_printed("completions zsh" ${CMAKE_INSTALL_DATADIR}/zsh/site-functions _rivet)
rivet_install_printed("completions fish" ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d rivet.fish)
