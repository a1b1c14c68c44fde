/* global Redoc, description */
(function () {
  "use strict";
  var font = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  var code = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';
  Redoc.init(description, {
    expandResponses: "200,201,202",
    hideDownloadButtons: true,
    jsonSamplesExpandLevel: 4,
    nativeScrollbars: true,
    scrollYOffset: ".top",
    sortRequiredPropsFirst: true,
    theme: {
      breakpoints: { medium: "60rem", large: "85rem" },
      colors: { primary: { main: "#0b57d0" } },
      spacing: { sectionVertical: 16 },
      sidebar: { backgroundColor: "#f3f4f6", width: "17rem" },
      typography: {
        fontFamily: font, fontSize: "15px", headings: { fontFamily: font, fontWeight: "600" },
        code: { fontFamily: code, fontSize: "13px", wrap: true }, links: { color: "#0b57d0" }
      }
    }
  }, document.getElementById("reference"));
})();
