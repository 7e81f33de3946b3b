/** Every driver `main.ts` offers. */
import { StoreRegistry } from '../../../src/store/registry.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { filelistDriver } from '../../../src/stores/filelist/driver.ts';
import { httpDriver } from '../../../src/stores/http/driver.ts';
import { memoryDriver } from '../../../src/stores/memory/driver.ts';
import { rcloneDriver } from '../../../src/stores/rclone/driver.ts';
import { s3Drivers } from '../../../src/stores/s3/driver.ts';

export function allDrivers(): StoreRegistry {
  const files = fileDriver();
  const s3 = s3Drivers();
  return new StoreRegistry([
    files,
    filelistDriver(files),
    httpDriver(),
    memoryDriver(),
    rcloneDriver(files, s3[0]!),
    ...s3,
  ]);
}
