include(GNUInstallDirs)
install(TARGETS gaugeblock EXPORT gaugeblock ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS gaugeblock_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES kernels/formats.h kernels/foreign.h kernels/kernel.h kernels/kernels.def kernels/isa.def kernels/registry.h kernels/cpu.h kernels/fields.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gaugeblock/kernels)
install(FILES reference/reference.h reference/number.h reference/lanes.h reference/math.h reference/search.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gaugeblock/reference)
install(EXPORT gaugeblock NAMESPACE gaugeblock:: FILE gaugeblock-config.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gaugeblock)
file(RELATIVE_PATH GB_PC_TO_PREFIX /x/${CMAKE_INSTALL_LIBDIR}/pkgconfig /x)
configure_file(cmake/gaugeblock.pc.in ${PROJECT_BINARY_DIR}/gaugeblock.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/gaugeblock.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES docs/gaugeblock.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
