# Fetches socket.io-client into FETCHED and copies what the edge serves of it to BUNDLE. Without
# network it warns, and what is built is complete but for the bundle.
file(MAKE_DIRECTORY ${FETCHED} ${BUNDLE})
foreach(name package.json package-lock.json .npmrc)
  file(COPY_FILE ${SOURCE}/${name} ${FETCHED}/${name} ONLY_IF_DIFFERENT)
endforeach()

execute_process(
  COMMAND ${NPM} ci --ignore-scripts --loglevel=error
  WORKING_DIRECTORY ${FETCHED}
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(WARNING "npm could not fetch socket.io-client: /socket.io/socket.io.js will answer 404; "
                  "build the target client_bundle again once the registry can be reached")
  return()
endif()

set(package ${FETCHED}/node_modules/socket.io-client)
file(GLOB files ${package}/dist/*.js ${package}/dist/*.js.map)
file(COPY ${files} DESTINATION ${BUNDLE})
file(COPY_FILE ${package}/package.json ${BUNDLE}/package.json)
file(TOUCH ${BUNDLE}/package.json) # newer than what it was made from
