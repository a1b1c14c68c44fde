"""Prints what the SAM translator makes of a template, so that it can be linted too."""

import json
import sys

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoManagedPolicies:
    """The template names its policies' actions itself."""

    def load(self):
        return {}


with open(sys.argv[1], encoding="utf-8") as file:
    template = yaml_parse(file)
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        resource["Properties"]["CodeUri"] = "s3://bucket/key"  # as after `sam package`
parameters = {name: p["Default"] for name, p in template.get("Parameters", {}).items() if "Default" in p}
try:
    json.dump(transform(template, parameters, NoManagedPolicies()), sys.stdout, indent=1)
except InvalidDocumentException as error:
    sys.exit("\n".join(f"{sys.argv[1]}: {cause.message}" for cause in error.causes))
