//! Frames put and fetched, damaged and missing.

use std::fs;

use super::*;

fn frame() -> DataFrame {
    df!("key" => ["1", "2"], "surname" => [Some("Sand"), None]).unwrap()
}

fn house() -> (tempfile::TempDir, Frames) {
    let folder = tempfile::tempdir().unwrap();
    let frames = Frames::new(folder.path());
    (folder, frames)
}

#[test]
fn a_frame_comes_back_as_it_was_put() {
    let (_folder, frames) = house();
    let reference = frames.put("runs/1-1/records", &frame()).unwrap();
    assert_eq!((reference.rows, reference.bytes), (2, fs::metadata(frames.path(&reference.name)).unwrap().len()));
    assert!(frames.get(&reference, None).unwrap().equals_missing(&frame()));
    assert_eq!(frames.get(&reference, Some(&["key"])).unwrap().width(), 1);
    assert_eq!(frames.folders("runs").unwrap(), ["1-1"]);
}

#[test]
fn a_frame_that_is_missing_cut_short_or_changed_by_one_bit_is_told_with_its_name() {
    let (_folder, frames) = house();
    let reference = frames.put("runs/1-1/records", &frame()).unwrap();
    let path = frames.path(&reference.name);
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut other = whole.clone();
        other[place] ^= 1;
        fs::write(&path, other).unwrap();
        assert!(matches!(frames.get(&reference, None), Err(FrameError::Changed { .. })), "byte {place}");
    }
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let short = frames.get(&reference, None).unwrap_err();
    fs::remove_file(&path).unwrap();
    let missing = frames.check(&reference).unwrap_err();
    for error in [short, missing] {
        assert!(error.is_loss() && error.to_string().contains("`runs/1-1/records`"), "{error}");
        assert!(error.hint().unwrap().contains("kartei restore"));
    }
    fs::write(&path, &whole).unwrap();
    assert!(frames.get(&reference, None).unwrap().equals_missing(&frame()));
}

#[test]
fn nothing_is_ever_replaced() {
    let (folder, frames) = house();
    let first = frames.put("runs/1-1/records", &frame()).unwrap();
    let again = frames.put("runs/1-1/records", &frame().head(Some(1))).unwrap_err();
    assert!(matches!(again, FrameError::Occupied { .. }), "{again}");
    assert_eq!(frames.get(&first, None).unwrap().height(), 2);
    assert_eq!(fs::read_dir(folder.path().join("runs/1-1")).unwrap().count(), 1, "no half a frame is left");
}

#[test]
fn of_two_who_want_one_name_at_once_one_gets_it() {
    let (_folder, frames) = house();
    let early = frames.disk.begin("runs/1-1/records").unwrap();
    let other = frames.clone();
    let put = std::thread::spawn(move || other.put("runs/1-1/records", &frame()).unwrap()).join().unwrap();
    assert!(matches!(early.settle(), Err(FrameError::Occupied { .. })));
    assert_eq!(frames.get(&put, None).unwrap().height(), 2);
}

#[test]
fn a_frame_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, frames) = house();
    let reference = frames.put("runs/1-1/records", &frame()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&frames.path(&reference.name)), 0o600);
    assert_eq!((mode(&folder.path().join("runs/1-1")), mode(&folder.path().join("runs"))), (0o700, 0o700));
}

#[test]
fn a_frame_that_cannot_be_written_leaves_nothing_and_says_why() {
    let (folder, frames) = house();
    fs::write(folder.path().join("runs"), "a file where a folder should be").unwrap();
    let error = frames.put("runs/1-1/records", &frame()).unwrap_err();
    assert_eq!(error.to_string(), "cannot write frame `runs/1-1/records`");
    assert!(!frames.exists("runs/1-1/records"));
}

#[test]
fn a_frame_that_finds_no_room_says_so() {
    let (folder, frames) = house();
    let large: Vec<String> =
        (0..200_000_u64).map(|row| format!("{:x}", row.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    for frame in [frame(), df!("key" => large).unwrap()] {
        std::os::unix::fs::symlink("/dev/full", disk::temporary(&folder.path().join("records.parquet"))).unwrap();
        let error = frames.put("records", &frame).unwrap_err();
        assert_eq!(error.to_string(), "cannot write frame `records`");
        assert!(error.hint().unwrap().contains("the disk is full"), "{error:?}");
    }
    frames.put("records", &frame()).unwrap();
}

#[test]
fn what_is_there_is_listed_and_what_is_removed_takes_its_empty_folder_along() {
    let (folder, frames) = house();
    frames.put("runs/1-1/records", &frame()).unwrap();
    frames.put("batches/members/1-1-0", &frame()).unwrap();
    fs::write(folder.path().join("runs/1-1/pairs.parquet.7-1.part"), "half").unwrap();
    fs::write(folder.path().join("runs/readme.txt"), "of another").unwrap();
    let files = frames.files().unwrap();
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["batches/members/1-1-0", "runs/1-1/pairs.parquet.7-1.part", "runs/1-1/records"]);
    assert!(is_half_written(&files[1]) && !is_half_written(&files[2]));
    for file in &files[1..] {
        frames.remove_file(file).unwrap();
    }
    assert_eq!(frames.folders("runs").unwrap(), Vec::<String>::new());
    frames.remove("runs/1-1/records").unwrap();
    assert_eq!(frames.remove_run(1).unwrap(), 0);
}
