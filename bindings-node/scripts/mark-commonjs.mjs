// Node reads the files below dist/cjs as CommonJS although the package is of ES modules.

import { writeFileSync } from 'node:fs';

writeFileSync(new URL('../dist/cjs/package.json', import.meta.url), '{ "type": "commonjs" }\n');
